"""What both logs promise about appends: accepted or rejected singly, answered once and for all."""

import pytest

from aia_mas.application.event_log.errors import (
    Fenced,
    StaleExpectation,
)
from aia_mas.application.event_log.log import EventLog, StreamHead, new_events
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import (
    Appended,
    Expectation,
    Fence,
    Kind,
)

from .conftest import (
    MAPPER,
    NEW,
    Crossed,
    Noted,
    Place,
    check,
    end_of,
    grant,
    leaves_no_trace,
    note,
    outcomes,
    positions,
    texts,
)


async def test_an_append_is_answered_with_its_positions(log: EventLog) -> None:
    first = await log.append(note("a", NEW, "one", "two"))
    second = await log.append(note("b", NEW, "three"))

    assert (first.first, first.last, first.replayed) == (1, 2, None)
    assert (second.first, second.last, second.replayed) == (3, 3, None)
    assert second.recorded_at >= first.recorded_at


async def test_events_stand_in_the_log_as_they_were_given(log: EventLog) -> None:
    request = note(
        "agent/ä",
        NEW,
        "ünï ✓",
        Crossed(text="x"),
        command_id="http:alice:κ1",
        actor="älice",
        correlation_id="corr",
        causation_id="cause",
    )
    appended = await log.append(request)

    first, second = await log.read(0, 10)
    assert (first.position, first.stream, first.version) == (1, "agent/ä", 1)
    assert (second.position, second.stream, second.version) == (2, "agent/ä", 2)
    assert (first.event, second.event) == (Noted(text="ünï ✓"), Crossed(text="x"))
    assert (first.topic, second.topic) == ("test.noted.v1", "test.crossed.v1")
    for event, given in zip((first, second), request.events, strict=True):
        assert event.command_id == "http:alice:κ1"
        assert (event.actor, event.correlation_id, event.causation_id) == (
            "älice",
            "corr",
            "cause",
        )
        assert event.recorded_at == appended.recorded_at
        assert event.size == len(given.state)


async def test_one_request_may_write_to_several_streams(log: EventLog) -> None:
    request = note("a", NEW, "one")
    request.events = [*request.events, *new_events(MAPPER, "b", 0, [Noted(text="two")])]
    request.expectations = [*request.expectations, Expectation("b", *NEW)]

    appended = await log.append(request)

    assert (appended.first, appended.last) == (1, 2)
    assert await log.stream_heads(["a", "b"]) == {
        "a": StreamHead(1, request.command_id),
        "b": StreamHead(1, request.command_id),
    }


async def test_a_request_is_rejected_whole_when_one_of_its_streams_has_moved(log: EventLog) -> None:
    moved = note("b")
    await log.append(moved)
    request = note("a", NEW, "one")
    request.events = [*request.events, *new_events(MAPPER, "b", 0, [Noted(text="two")])]
    request.expectations = [*request.expectations, Expectation("b", *NEW)]

    with pytest.raises(StaleExpectation):
        await log.append(request)

    assert await log.read_stream("a") == []
    assert (await log.head()).position == 1


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(NEW, id="new"),
        pytest.param((1, "first"), id="older"),
        pytest.param((3, "second"), id="newer"),
        pytest.param((2, "another"), id="same version of another history"),
        pytest.param((2, ""), id="same version of nobody"),
        pytest.param((-1, ""), id="new for programs that number from 0"),
    ],
)
async def test_an_expectation_is_the_version_and_who_wrote_it(
    log: EventLog, expected: Place
) -> None:
    first = note("a", NEW, command_id="first")
    second = note("a", end_of(first), command_id="second")
    await log.append(first)
    await log.append(second)

    for request in (
        note("a", expected),
        check(("a", expected)),
        note("b", reads=[("a", expected)]),
    ):
        with pytest.raises(StaleExpectation):
            await log.append(request)
        await leaves_no_trace(log, request)

    await log.append(note("a", (2, "second")))
    await log.append(note("b", reads=[("a", (3, (await log.read(2, 1))[0].command_id))]))


async def test_an_event_of_a_stream_that_does_not_exist_cannot_be_expected(log: EventLog) -> None:
    with pytest.raises(StaleExpectation):
        await log.append(note("a", (1, "nobody")))
    with pytest.raises(StaleExpectation):
        await log.append(note("b", NEW, reads=[("a", (1, ""))]))
    assert (await log.head()).position == 0


async def test_a_stream_may_begin_at_version_0(log: EventLog) -> None:
    first = note("a", (-1, ""))
    assert first.events[0].version == 0
    await log.append(first)
    await log.append(note("a", end_of(first)))

    assert [event.version for event in await log.read_stream("a")] == [0, 1]


async def test_stale_request_inside_a_batch_rejects_only_itself(log: EventLog) -> None:
    before, behind = note("a"), note("c")
    stale = note("b", (7, "gone"))

    results = await outcomes(log, before, stale, behind)

    assert isinstance(results[1], StaleExpectation)
    assert [result.first for result in (results[0], results[2])] == [1, 2]
    await leaves_no_trace(log, stale)


@pytest.mark.parametrize("between", [0, 200], ids=["same batch", "later batches"])
async def test_dependants_of_a_rejected_request_fall_with_it(log: EventLog, between: int) -> None:
    stale = note("a", (7, "gone"))
    same_stream = note("a", end_of(stale))
    reader = note("b", reads=[("a", end_of(same_stream))])
    onlooker = check(("b", end_of(reader)))
    others = [note(f"other-{number}") for number in range(between)]
    free = note("c")

    results = await outcomes(log, stale, *others, same_stream, reader, onlooker, free)

    fallen = [results[0], *results[between + 1 : between + 4]]
    assert all(isinstance(result, StaleExpectation) for result in fallen), fallen
    assert all(isinstance(result, Appended) for result in results[1 : between + 1])
    assert results[-1].last == between + 1
    await leaves_no_trace(log, stale, same_stream, reader, onlooker)


async def test_what_builds_on_an_accepted_request_is_accepted_with_it(log: EventLog) -> None:
    requests = [note("a")]
    for _ in range(150):
        requests.append(note("a", end_of(requests[-1])))

    results = await outcomes(log, *requests)

    assert [result.first for result in results] == list(range(1, 152))
    assert [event.version for event in await log.read_stream("a")] == list(range(1, 152))


async def test_positions_are_gapless_whatever_is_rejected(log: EventLog) -> None:
    requests = [
        note(f"s{number}", (9, "gone") if number % 3 == 0 else NEW, *"ab"[: 1 + number % 2])
        for number in range(300)
    ]

    results = await outcomes(log, *requests)

    accepted = [
        (request, result)
        for request, result in zip(requests, results, strict=True)
        if isinstance(result, Appended)
    ]
    assert len(accepted) == 200
    events = await log.read(0, 1000)
    assert positions(events) == list(range(1, sum(len(r.events) for r, _ in accepted) + 1))
    for request, result in accepted:
        own = events[result.first - 1 : result.last]
        assert {event.command_id for event in own} == {request.command_id}
        assert len(own) == len(request.events)


async def test_more_requests_than_fit_in_one_batch_keep_their_order(log: EventLog) -> None:
    requests = [note(f"s{number}") for number in range(2500)]

    results = await outcomes(log, *requests)

    assert [result.first for result in results] == list(range(1, 2501))


# ------------------------------------------------------------------------------------ check-only


async def test_a_check_tells_whether_everything_read_is_committed_and_current(
    log: EventLog,
) -> None:
    request = note("a")

    results = await outcomes(
        log,
        check(("a", end_of(request)), kind=Kind.NOT_KEPT),
        request,
        check(("a", end_of(request)), ("b", NEW), kind=Kind.NOT_KEPT),
    )

    assert isinstance(results[0], StaleExpectation)
    assert results[2].last == 1


async def test_a_check_leaves_nothing_behind(log: EventLog) -> None:
    before = await log.head()

    await log.append(check(("a", NEW), kind=Kind.NOT_KEPT, command_id="checked"))

    assert await log.head() == before
    assert await log.command("checked") is None
    assert await log.stream_heads(["a"]) == {}


# ---------------------------------------------------------------------------------------- fences


async def test_an_append_under_the_newest_epoch_of_a_lease_is_accepted(log: EventLog) -> None:
    await grant(log, "lease", 2)

    assert (await log.append(note("a", fence=Fence("lease", 2)))).first == 1


@pytest.mark.parametrize("fence", [Fence("lease", 1), Fence("lease", 3), Fence("other", 2)])
async def test_an_append_under_any_other_epoch_is_refused_singly(
    log: EventLog, fence: Fence
) -> None:
    await grant(log, "lease", 2)
    fenced = note("a", fence=fence)
    dependant = note("a", end_of(fenced))
    free = note("b")

    results = await outcomes(log, fenced, dependant, free)

    assert isinstance(results[0], Fenced)
    assert isinstance(results[1], StaleExpectation)
    assert results[2].first == 1
    await leaves_no_trace(log, fenced, dependant)


async def test_checks_are_fenced_too(log: EventLog) -> None:
    await grant(log, "lease", 2)

    with pytest.raises(Fenced):
        await log.append(check(("a", NEW), fence=Fence("lease", 1), kind=Kind.NOT_KEPT))


# -------------------------------------------------------------------------------- what is refused


async def test_text_that_is_no_unicode_is_refused_and_its_neighbours_are_not(
    log: EventLog,
) -> None:
    """A lone surrogate has no UTF-8; it must not tear the batch that it was to be part of."""
    broken = note("a", actor="\ud800")

    results = await outcomes(log, note("b"), broken, note("c"))

    assert type(results[1]).__name__ == "AppendFailed"
    assert [results[0].first, results[2].first] == [1, 2]
    assert texts(await log.read(0, 10)) == ["note", "note"]
    assert (await log.append(note("a"))).first == 3


async def test_a_stream_is_never_written_without_an_expectation(log: EventLog) -> None:
    """A late copy of such a request could be told from another one by nothing."""
    blind = note("a")
    blind.expectations = [Expectation("b", *NEW)]

    results = await outcomes(log, note("b"), blind, note("c"))

    assert type(results[1]).__name__ == "AppendFailed"
    assert [results[0].first, results[2].first] == [1, 2]


async def test_what_nobody_can_ask_for_again_is_not_remembered(log: EventLog) -> None:
    await log.append(note("a", command_id="made up", kind=Kind.NOT_KEPT))

    assert await log.command("made up") is None


async def test_events_and_their_time_agree_with_the_head(log: EventLog) -> None:
    before = await log.head()
    appended = await log.append(note("a", NEW, "one", "two"))
    after = await log.head()

    assert before.position == 0
    assert (after.position, after.recorded_at) == (2, appended.recorded_at)
    assert after.hash != before.hash
    assert isinstance(log, MemoryEventLog | PostgresEventLog)
