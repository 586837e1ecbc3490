"""When the engine answers, and what: nothing before it is true, and nothing on hearsay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import anyio
import msgspec
import pytest

from aia_mas.application.engine.engine import MAX_TRIES, Origin
from aia_mas.application.event_log.batch import Batch, BatchResult, Status
from aia_mas.application.event_log.errors import (
    AppendFailed,
    Fenced,
    LogClosed,
    LogUnavailable,
    Overloaded,
    UnreadableEvent,
)
from aia_mas.application.event_log.records import Fence, Unreadable
from aia_mas.domain.kernel.errors import Conflict

from .conftest import ALICE, PATIENCE, Node, answered, settle
from .counters import (
    AlreadyOpen,
    Answer,
    LimitReached,
    Look,
    Move,
    NotOpen,
    Open,
    Opened,
    OpenNew,
    Raise,
    Raised,
    counter,
)
from .held_log import HeldLog


async def test_an_accepted_command_is_answered_with_its_state_and_position(node: Node) -> None:
    opened = await node.when(Open("a"))
    raised = await node.when(Raise("a", 5))

    assert (opened.position, raised.position) == (1, 2)
    assert raised.body == b'{"name":"a","value":5}'
    assert not raised.replayed
    assert node.then("a") == [Opened(limit=100), Raised(by=5)]


async def test_events_carry_who_gave_the_command_and_why(node: Node) -> None:
    await node.engine.run(
        Open("a"), Origin(ALICE, "key", correlation_id="request", causation_id="cause")
    )

    [event] = node.log.events
    assert (event.command_id, event.actor) == ("key", "alice")
    assert (event.correlation_id, event.causation_id) == ("request", "cause")


async def test_nothing_is_answered_before_it_is_committed(node: Node) -> None:
    node.log.gate.clear()
    first = node.start(Open("a"))
    second = node.start(Raise("a", 5))
    await settle()
    assert not first.done()
    assert not second.done()

    node.log.gate.set()
    assert answered(await second) == Answer("a", 5), "decided on the event before it was committed"
    assert answered(await first) == Answer("a", 0)


@pytest.mark.parametrize("command", [Open("a"), Raise("a", 101), Look("a")], ids=repr)
async def test_refusals_and_no_ops_wait_for_the_versions_they_were_decided_on(
    node: Node, command: Open | Raise | Look
) -> None:
    node.log.gate.clear()
    first = node.start(Open("a"))
    await settle()
    second = node.start(command)
    await settle()
    assert not second.done(), "the counter may never have been opened"

    node.log.gate.set()
    await first
    if isinstance(command, Look):
        assert answered(await second) == Answer("a", 0)
    else:
        with pytest.raises((AlreadyOpen, LimitReached)):
            await second


async def test_refusal_based_on_an_uncommitted_event(node: Node) -> None:
    """The event falls; the refusal must not outlive it."""
    node.log.gate.clear()
    node.log.fails.add("falls")
    first = node.start(Open("a", limit=1), command_id="falls")
    await settle()
    refused = node.start(Open("a", limit=2))
    too_high = node.start(Raise("a", 2))
    await settle()

    node.log.gate.set()
    with pytest.raises(AppendFailed):
        await first
    assert answered(await refused) == Answer("a", 0)
    assert answered(await too_high) == Answer("a", 2)
    assert node.then("a") == [Opened(limit=2), Raised(by=2)]


async def test_what_was_decided_on_anothers_uncommitted_events_is_decided_again(
    node: Node,
) -> None:
    """Another node was quicker: the whole chain of commands that built on ours moves on."""
    await node.given(Open("a", limit=10))
    node.log.gate.clear()
    chain = [node.start(Raise("a", 2)) for _ in range(4)]
    await settle()
    node.log.elsewhere(counter("a"), Raised(by=5))

    node.log.gate.set()
    results = await asyncio.gather(*chain, return_exceptions=True)

    assert sorted(answered(r).value for r in results if not isinstance(r, BaseException)) == [7, 9]
    assert sum(isinstance(r, LimitReached) for r in results) == 2
    assert node.value("a") == 9


async def test_a_refusal_is_decided_once_more_on_fresh_state(node: Node) -> None:
    """The node has not heard yet that another one made room."""
    await node.given(Open("a", limit=10), Raise("a", 10))
    node.log.elsewhere(counter("a"), Raised(by=-5))

    assert answered(await node.when(Raise("a", 3))) == Answer("a", 8)


async def test_redecided_on_stale_from_another_node(log: HeldLog) -> None:
    """Two engines that hear of each other late, at one counter."""
    left, right = Node(log), Node(log)
    await left.given(Open("a", limit=1000))
    await right.when(Look("a"))

    async def work(node: Node) -> None:
        for _ in range(20):
            await node.when(Raise("a", 1))

    with anyio.fail_after(PATIENCE):
        await asyncio.gather(work(left), work(right))

    assert left.value("a") == 40


async def test_a_node_hears_of_what_another_one_did(node: Node) -> None:
    await node.given(Open("a"))
    tries = len(node.log.batches)
    node.log.elsewhere(counter("a"), Raised(by=5))
    node.log.catch_up()

    assert answered(await node.when(Raise("a", 1))) == Answer("a", 6)
    assert len(node.log.batches) == tries + 1, "without a try on the old state"


class _Contested(HeldLog):
    """A log in which somebody else is always quicker."""

    def write_now(self, batch: Batch) -> BatchResult:
        count = len(batch.requests)
        stale = [Status.STALE] * count
        return BatchResult(stale, [0] * count, None, None, None, 0, self._now())


async def test_conflict_after_bounded_tries() -> None:
    log = _Contested()
    async with log.running():
        node = Node(log)
        node.places.open = True
        with pytest.raises(Conflict):
            await node.when(Open("a"), command_id="key")
    assert len(log.batches) == MAX_TRIES
    assert await log.command("key") is None, "it may be tried again under the same key"


# -------------------------------------------------------------------------------------- several


async def test_several_commands_are_one_commit_and_each_has_its_answer(node: Node) -> None:
    batches = len(node.log.batches)
    results = await node.engine.execute_many(
        [Open("a", limit=5), Raise("a", 4), Raise("a", 4), Raise("b", 1), Raise("a", 1)],
        Origin(ALICE),
    )

    assert isinstance(results[2], LimitReached)
    assert isinstance(results[3], NotOpen)
    accepted = [result for result in results if not isinstance(result, Exception)]
    assert [answered(result).value for result in accepted] == [0, 4, 5]
    assert {result.position for result in accepted} == {3}
    assert node.then("a") == [Opened(limit=5), Raised(by=4), Raised(by=1)]
    assert len(node.log.batches) - batches == 1


async def test_all_or_nothing(node: Node) -> None:
    await node.given(Open("b"))
    with pytest.raises(LimitReached):
        await node.engine.execute_many(
            [Open("a", limit=5), Raise("b", 1), Raise("a", 6)], Origin(ALICE), atomic=True
        )
    assert node.then("a") == []
    assert node.value("b") == 0

    results = await node.engine.execute_many(
        [Open("a", limit=5), Move("a", "b", 3)], Origin(ALICE), atomic=True
    )
    assert len(results) == 2
    assert (node.value("a"), node.value("b")) == (3, -3)


async def test_a_refused_atomic_group_leaves_no_trace_in_memory_either(node: Node) -> None:
    await node.given(Open("a", limit=5))
    with pytest.raises(LimitReached):
        await node.engine.execute_many([Raise("a", 3), Raise("a", 3)], Origin(ALICE), atomic=True)

    assert answered(await node.when(Raise("a", 5))) == Answer("a", 5)


# ------------------------------------------------------------------------- what can come between


async def test_a_cancelled_waiter_does_not_cancel_the_request(node: Node) -> None:
    node.log.gate.clear()
    waiter = node.start(Open("a"))
    await settle()
    follower = node.start(Raise("a", 1))
    await settle()

    waiter.cancel()
    await settle()
    node.log.gate.set()

    assert answered(await follower) == Answer("a", 1), "it was not decided again"
    assert len(node.log.batches) == 2
    assert node.then("a") == [Opened(limit=100), Raised(by=1)]


async def test_a_stream_with_a_new_id_is_not_read(node: Node) -> None:
    reads: list[str] = []
    read_streams = node.log.read_streams

    async def reading(after: Mapping[str, int], limit: int) -> object:
        reads.extend(after)
        return await read_streams(after, limit)

    node.log.read_streams = reading  # type: ignore[method-assign,assignment]
    await node.when(OpenNew("a"))
    assert reads == []

    await node.when(Open("b"))
    assert reads == [counter("b")]


async def test_an_id_said_to_be_new_that_exists_is_refused_for_what_it_is(node: Node) -> None:
    node.log.elsewhere(counter("a"), Opened(limit=1))

    with pytest.raises(AlreadyOpen):
        await node.when(OpenNew("a"))
    assert node.then("a") == [Opened(limit=1)]


async def test_commands_are_refused_while_the_queue_is_full_or_closed(node: Node) -> None:
    await node.given(Open("a"))
    node.log.committer._max_waiting = 0
    with pytest.raises(Overloaded):
        await node.when(Raise("a"))
    node.log.committer._max_waiting = 10
    await node.log.drain()
    with pytest.raises(LogClosed):
        await node.when(Raise("a"))


async def test_a_process_that_lost_its_lease_is_told(node: Node) -> None:
    await node.given(Open("a"))
    node.log.epochs["lease"] = 2

    with pytest.raises(Fenced):
        await node.engine.run(Raise("a"), Origin(ALICE, "proc:1", fence=Fence("lease", 1)))
    assert node.value("a") == 0
    await node.engine.run(Raise("a"), Origin(ALICE, "proc:1", fence=Fence("lease", 2)))
    assert node.value("a") == 1


async def test_a_stream_that_cannot_be_read_is_not_guessed_at(node: Node) -> None:
    node.log.elsewhere(counter("a"), Opened(limit=1))
    stored = node.log._streams[counter("a")]
    stored[0] = msgspec.structs.replace(
        stored[0], event=Unreadable("counter.opened.v9", "unknown_topic")
    )

    for _ in range(2):
        with pytest.raises(UnreadableEvent):
            await node.when(Raise("a"))


async def test_a_store_that_cannot_be_read_is_told_as_such(node: Node) -> None:
    async def down(*_: object, **__: object) -> object:
        raise OSError("no route to host")

    read_streams, node.log.read_streams = node.log.read_streams, down  # type: ignore[method-assign,assignment]
    with pytest.raises(LogUnavailable):
        await node.when(Open("a"))

    node.log.read_streams = read_streams  # type: ignore[method-assign]
    await node.when(Open("a"))
