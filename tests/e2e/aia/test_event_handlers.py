"""Handlers of events and messages inside a program, as the platform's programs use them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest

from aia.agents.communication_framework import (
    CommunicationMessage,
    EventDrivenCommunicationFramework,
    SystemEvent,
)
from aia_mas.application.event_handlers.handlings import HandlerExists
from aia_mas.application.event_handlers.naming import UnknownEvent
from aia_mas.domain.kernel.errors import InvalidValue

from .notes import Seen, note, until


async def test_handlers_are_called_with_what_they_want(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    loop, threads = asyncio.get_running_loop(), Seen()
    events, filtered, messages, never = Seen(), Seen(), Seen(), Seen()

    @framework.on("mailbox_subscribed", entity_id=unique)
    async def in_the_loop(event: SystemEvent) -> None:
        assert asyncio.get_running_loop() is loop
        events(event)

    @framework.on("mailbox_subscribed", where=lambda event: "b.c" in event.data["patterns"])
    def in_a_thread(event: SystemEvent) -> None:
        threads(threading.current_thread())
        filtered(event.entity_id)

    @framework.on("message:alarm", "message:fire", from_agent=unique)
    async def told(message: CommunicationMessage) -> None:
        messages(message)

    @framework.on("message:*", to_agent=unique, where=lambda message: message.payload["loud"])
    async def broken(message: CommunicationMessage) -> None:
        never(message)
        raise ValueError("on purpose")

    await framework.subscribe(unique, ["a.b"])
    await framework.subscribe(f"{unique}2", ["b.c"])
    for message_type, payload in (("alarm", {"loud": True}), ("note", {}), ("fire", {"loud": 0})):
        fields = {"message_type": message_type, "payload": payload, "from_agent": unique}
        await framework.send_message(note(unique, **fields))

    (event,) = await events.count(1)
    assert (event.name, event.topic) == ("mailbox_subscribed", "mailbox.subscribed.v1")
    assert (event.entity_id, event.data["patterns"]) == (unique, ["a.b"])
    assert datetime.fromisoformat(event.data["at"]).tzinfo is not None
    assert await filtered.count(1) == [f"{unique}2"]
    assert threads.seen[0] is not threading.current_thread()
    assert [each.message_type for each in await messages.count(2)] == ["alarm", "fire"]
    assert messages.seen[0].payload == {"loud": True}

    async def is_through() -> bool:
        (figures,) = [each for each in await framework.handlers() if "broken" in each.name]
        return figures.failed == 2

    # One that fails at one (it raises) and at another (its predicate does) is only counted.
    await until(is_through)
    assert len(never.seen) == 1
    for function in (in_the_loop, in_a_thread, told, broken):
        assert await framework.off(function)
    assert not await framework.off(told)
    assert await framework.handlers() == []
    await framework.subscribe(unique, ["after.all"])
    assert len(events.seen) == 1


async def test_durable_handlers_go_on_where_they_were(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    seen, attempts = Seen(), {"bad": 0}

    def another() -> EventDrivenCommunicationFramework:
        program = EventDrivenCommunicationFramework()

        @program.on("message:job", durable=unique, to_agent=unique, backoff_seconds=0, attempts=2)
        def job(message: CommunicationMessage) -> None:
            if message.payload == "bad" and attempts["bad"] < 3:
                attempts["bad"] += 1
                raise ValueError("not yet")
            seen(message.payload)

        return program

    async def send(*payloads: str) -> None:
        for payload in payloads:
            await framework.send_message(note(unique, message_type="job", payload=payload))

    await send("before")
    async with another():
        await send("a")
        await seen.count(1)
        with pytest.raises(HandlerExists):
            await another().start()
    await send("b", "bad", "c")
    async with another() as program:
        # What it missed comes; what it cannot do keeps nothing up, and is not forgotten.
        assert await seen.count(3) == ["a", "b", "c"]
        (parked,) = await program.parked_events(unique)
        assert (parked.failures, parked.reason) == (2, "ValueError: not yet")
        assert await framework.retry_parked(unique) == 1

        async def has_failed_again() -> bool:
            (parked,) = await program.parked_events(unique)
            return parked.failures == 3

        await until(has_failed_again)
        assert await framework.retry_parked(unique, parked.position) == 1
        await seen.count(4)

        async def is_done() -> bool:
            return not await program.parked_events(unique)

        await until(is_done)
    assert seen.seen == ["a", "b", "c", "bad"]


async def test_a_program_that_stops_lets_its_handlers_finish(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    program, began, stopping = EventDrivenCommunicationFramework(), asyncio.Event(), asyncio.Event()

    @program.on("mailbox_subscribed", entity_id=unique)
    async def slow(event: SystemEvent) -> None:
        began.set()
        await stopping.wait()
        # What it does in the end still works.
        await program.send_message(note(unique, payload=event.entity_id))

    await program.start()
    await program.start()
    await framework.subscribe(unique, ["x"])
    await began.wait()
    ends = [asyncio.ensure_future(program.stop()) for _ in range(2)]
    await asyncio.sleep(0)
    stopping.set()
    await asyncio.gather(*ends)
    (message,) = await framework.queue.peek(unique)
    assert message.payload == unique
    with pytest.raises(RuntimeError, match="not running"):
        await program.send_message(note(unique))


async def test_handlers_that_cannot_be_are_refused_when_they_are_written_down(
    framework: EventDrivenCommunicationFramework,
) -> None:
    program = EventDrivenCommunicationFramework()
    for names, options, error in (
        (["task_complete"], {}, UnknownEvent),
        ([], {}, InvalidValue),
        (["task_completed", "message:x"], {}, InvalidValue),
        (["task_completed"], {"colour": "red"}, InvalidValue),
        (["message:x"], {"payload": 1}, InvalidValue),
        (["task_completed"], {"attempts": 0}, InvalidValue),
        (["task_completed"], {"backoff_seconds": -1}, InvalidValue),
        (["task_completed"], {"since": "yesterday"}, InvalidValue),
        (["task_completed"], {"durable": "two words"}, InvalidValue),
    ):
        with pytest.raises(error):
            program.on(*names, **options)(print)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        program.on("task_completed")(lambda: None)  # type: ignore[arg-type, misc]

    async def some(_told: object) -> bool:
        return False

    def one_by_one(told: object) -> Iterator[object]:
        yield told

    async def one_after_the_other(told: object) -> AsyncIterator[object]:
        yield told

    for function in (one_by_one, one_after_the_other):
        with pytest.raises(TypeError, match="generator"):
            program.on("task_completed")(function)
    with pytest.raises(TypeError, match="plain"):
        program.on("task_completed", where=some)(print)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue):
        framework.on("task_completed", durable="two words")(print)
    assert await framework.handlers() == []
