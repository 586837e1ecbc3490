"""Handlers of events: in order, kept apart, and durable ones go on where they were."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any

import pytest

from aia.testing import InMemoryMas
from aia_mas.application import registry
from aia_mas.application.event_handlers.handler import EventHandler, HandlerGone
from aia_mas.application.event_handlers.handling import Handling
from aia_mas.application.event_handlers.handlings import HandlerExists, Handlings
from aia_mas.application.event_handlers.naming import EventNames, UnknownEvent, event_name
from aia_mas.application.event_log.errors import LogClosed
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import entity_of

TOPIC = "agent.registered.v1"


@pytest.fixture
def handlings(mas: InMemoryMas) -> Handlings:
    return mas.system.communication.handlings


class Seen:
    """A handler that keeps the ids of the agents that were registered, and fails as it is told."""

    def __init__(self, **failures: int | float) -> None:
        self.seen: list[str] = []
        self.calls: list[str] = []
        self.failures: dict[str, float] = dict(failures)
        self.gone = False

    async def __call__(self, recorded: RecordedEvent) -> bool:
        name = entity_of(recorded.stream)
        if self.gone:
            raise HandlerGone
        self.calls.append(name)
        if self.failures.get(name, 0) > 0:
            self.failures[name] -= 1
            raise ValueError(f"no {name}, please")
        self.seen.append(name)
        return True

    def handler(self, **fields: Any) -> EventHandler:
        known: dict[str, Any] = {"name": "seen", "wants": lambda _: True, "handle": self}
        return EventHandler(topics=frozenset({TOPIC}), **(known | fields))


async def register(mas: InMemoryMas, *names: str) -> None:
    for name in names:
        await mas.register_agent(name)


async def test_events_come_in_order_from_now_on_or_from_the_beginning(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    await register(mas, "a")
    now, beginning, picky = Seen(), Seen(), Seen()
    await handlings.add(now.handler())
    await handlings.add(beginning.handler(from_beginning=True))
    await handlings.add(picky.handler(wants=lambda event: event.stream == "agent/c"))
    await register(mas, "b", "c")
    assert now.seen == ["b", "c"]
    assert beginning.seen == ["a", "b", "c"]
    assert picky.calls == ["c"]


async def test_one_that_fails_or_hangs_keeps_nobody_from_anything(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    good, bad, hanging = Seen(), Seen(a=inf), asyncio.Event()

    async def hang(_: RecordedEvent) -> bool:
        return await hanging.wait()

    added = [
        await handlings.add(good.handler()),
        await handlings.add(bad.handler(name="bad")),
        await handlings.add(good.handler(name="hanging", handle=hang)),
    ]
    await register(mas, "a", "b")
    assert good.seen == ["a", "b"]
    assert (bad.calls, bad.seen) == (["a", "b"], ["b"])
    figures = {each.name: each for each in await handlings.figures(added)}
    assert (figures["seen"].handled, figures["seen"].failed) == (2, 0)
    assert (figures["bad"].handled, figures["bad"].failed, figures["bad"].skipped) == (1, 1, 1)
    assert (figures["hanging"].handled, figures["hanging"].running) == (0, True)
    hanging.set()
    await mas.rest()
    assert added[2].figures.handled == 2


async def test_whatever_a_handler_raises_it_goes_on_with_the_next_event(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise AttributeError("nobody has said why")

    good, calls = Seen(), list[str]()

    async def handle(recorded: RecordedEvent) -> bool:
        calls.append(entity_of(recorded.stream))
        raise Mute

    def wants(recorded: RecordedEvent) -> bool:
        if recorded.stream == "agent/b":
            raise ValueError("that can be compared with nothing")
        return True

    await handlings.add(good.handler())
    await handlings.add(good.handler(name="mute", handle=handle, durable=True, attempts=1))
    await handlings.add(good.handler(name="picky", wants=wants, durable=True, attempts=1))
    await register(mas, "a", "b", "c")
    assert calls == ["a", "b", "c"]
    assert [each.reason for each in await handlings.parked("mute")] == ["Mute"] * 3
    assert good.seen == ["a", "a", "b", "c", "c"]
    parked = await handlings.parked("picky")
    assert [(each.stream, each.reason) for each in parked] == [
        ("agent/b", "ValueError: that can be compared with nothing")
    ]


async def test_failures_are_tried_again_with_longer_and_longer_waits(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    seen = Seen(a=3)
    await handlings.add(seen.handler(attempts=4, backoff_seconds=1.0, backoff_cap_seconds=3.0))
    await register(mas, "a", "b")
    times, start = [], mas.clock.monotonic()
    while len(seen.calls) < 5:
        known = len(seen.calls)
        await mas.advance_until(lambda known=known: len(seen.calls) > known)  # type: ignore[misc]
        times.append(mas.clock.monotonic() - start)
    # What comes behind it waits: nothing overtakes.
    assert seen.calls == ["a", "a", "a", "a", "b"]
    assert times == [1.0, 3.0, 6.0]


async def test_a_durable_one_goes_on_where_it_was(mas: InMemoryMas, handlings: Handlings) -> None:
    first, second = Seen(), Seen()
    await register(mas, "before")
    handling = await handlings.add(first.handler(durable=True))
    with pytest.raises(HandlerExists):
        await handlings.add(second.handler(durable=True))
    await register(mas, "a")
    await handlings.remove(handling, 1.0)
    await register(mas, "b")
    await handlings.add(second.handler(durable=True))
    await mas.rest()
    assert first.seen == ["a"]
    assert second.seen == ["b"]


async def test_what_a_durable_one_cannot_do_is_parked_and_tried_again_when_wanted(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    seen = Seen(a=3, b=inf)
    handling = await handlings.add(seen.handler(durable=True, attempts=2, backoff_seconds=0.0))
    await register(mas, "a", "b", "c")
    assert seen.seen == ["c"]
    assert handling.figures.parked == 2
    parked = await handlings.parked("seen")
    assert [(each.stream, each.failures) for each in parked] == [("agent/a", 2), ("agent/b", 2)]
    assert parked[0].reason == "ValueError: no a, please"
    assert [each.topic for each in parked] == [TOPIC, TOPIC]

    # Once more is once more: the third call with it fails, the fourth does not.
    for _ in range(2):
        assert await handlings.try_again("seen", parked[0].position) == 1
        await mas.rest()
    assert seen.seen == ["c", "a"]
    assert await handlings.try_again("seen") == 1
    await mas.rest()
    (left,) = await handlings.parked("seen")
    assert (left.stream, left.failures, left.again) == ("agent/b", 3, False)
    assert handling.figures.parked == 1
    assert await handlings.try_again("nobody") == 0


async def test_told_to_stop_it_leaves_what_it_has_not_done_for_the_next_time(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    failing, holding = Seen(a=inf), asyncio.Event()
    handling = await handlings.add(failing.handler(durable=True, attempts=inf))
    await register(mas, "a")
    await handlings.remove(handling, 1.0)
    assert failing.calls == ["a"]

    done = Seen()

    async def slowly(recorded: RecordedEvent) -> bool:
        await holding.wait()
        return await done(recorded)

    handling = await handlings.add(done.handler(durable=True, handle=slowly))
    await mas.rest()
    await register(mas, "b")
    removing = asyncio.ensure_future(handlings.remove(handling, 60.0))
    await mas.rest()
    # It is not told to stop in the middle of something.
    assert not removing.done()
    holding.set()
    await removing
    assert done.seen == ["a"]

    rest = Seen()
    await handlings.add(rest.handler(durable=True))
    await mas.rest()
    assert rest.seen == ["b"]


async def test_one_that_takes_too_long_to_stop_is_cancelled_and_called_again_with_that(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    cancelled = asyncio.Event()

    async def hang(_: RecordedEvent) -> bool:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return True

    handling = await handlings.add(Seen().handler(durable=True, handle=hang))
    await register(mas, "a")
    await handlings.remove(handling, 0.0)
    assert cancelled.is_set()
    again = Seen()
    await handlings.add(again.handler(durable=True))
    await mas.rest()
    assert again.seen == ["a"]


@pytest.mark.parametrize("durable", [False, True])
async def test_where_its_program_is_gone_nothing_counts_as_failed(
    mas: InMemoryMas, handlings: Handlings, *, durable: bool
) -> None:
    seen = Seen()
    handling = await handlings.add(seen.handler(durable=durable))
    await register(mas, "a")
    seen.gone = True
    await register(mas, "b")
    assert handling.is_stopping()
    assert (handling.figures.failed, handling.figures.running) == (0, False)
    assert await handlings.parked("seen") == []
    # Nothing is left of it: another one may take its name.
    again = Seen()
    await handlings.add(again.handler(durable=durable))
    await mas.rest()
    assert again.seen == (["b"] if durable else [])


async def test_a_node_that_stops_lets_handlers_finish_and_parks_nothing(
    mas: InMemoryMas, handlings: Handlings
) -> None:
    finishing, seen = asyncio.Event(), Seen()

    async def finish(recorded: RecordedEvent) -> bool:
        await finishing.wait()
        return await seen(recorded)

    async def closed(_: RecordedEvent) -> bool:
        raise LogClosed

    await handlings.add(seen.handler(durable=True, handle=finish))
    refused = await handlings.add(seen.handler(name="refused", durable=True, handle=closed))
    await register(mas, "a")
    draining = asyncio.ensure_future(mas.system.drain())
    await mas.rest()
    assert not draining.done()
    finishing.set()
    await draining
    assert seen.seen == ["a"]
    assert refused.figures.failed == 0
    assert await handlings.parked("refused") == []


async def test_a_durable_one_has_a_name_that_can_be_one(handlings: Handlings) -> None:
    with pytest.raises(InvalidValue):
        await handlings.add(Seen().handler(name="two words", durable=True))
    assert isinstance(await handlings.add(Seen().handler(name="two words")), Handling)


def test_every_event_has_a_name_of_its_own() -> None:
    names = EventNames(registry.TOPICS)
    assert len(names.all) == len(registry.EVENTS)
    assert event_name("routing.rule_set.v12") == "routing_rule_set"
    assert names.topics_of("task_completed") == {"task.completed.v1"}
    assert EventNames(["a.b.v1", "a.b.v2"]).topics_of("a_b") == {"a.b.v1", "a.b.v2"}
    with pytest.raises(UnknownEvent, match="did you mean task_completed"):
        names.topics_of("task_complete")
