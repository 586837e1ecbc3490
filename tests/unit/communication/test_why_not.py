"""Why what a recipient says of a message is not taken, while others settle it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.ending import RedriveMessage
from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    MessageClosed,
    NotARecipient,
)
from aia_mas.domain.communication.mailroom import mailroom
from aia_mas.domain.communication.message_events import Died, MessageDied
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.interfaces.settling import Settling
from aia_mas.projections.communication.messages import Standing
from aia_mas.projections.communication.standing import MessageStatus

from .mail import NOW
from .stations import Post

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("settled", [True, False])
async def test_what_is_settled_while_the_read_model_is_asked_was_sent_to_the_recipient(
    settled: bool,
) -> None:
    post = Post(MessageTerms())
    station = await post.open()
    registered = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
    await post.happens("agent/bob", registered)
    message = SendMessage(
        message_id="m", from_agent="ann", to=Destination(broadcast=True), message_type="note"
    )
    await station.do(message)
    sent, asked = len(post.events), list[int]()

    async def wait_for(_name: str, position: int, _seconds: float) -> bool:
        asked.append(position)
        return True

    async def state_of(_message_id: str, name: str) -> Standing:
        # Of who belongs to a group the read model knows only what became of deliveries.
        if len(asked) == 1 and settled:
            _ = station.office.acknowledge(name, "m")
            await post.advance(1.0)
            return Standing(True, None, True, False, sent)
        acknowledged = settled and asked[-1] > sent
        status = MessageStatus.ACKNOWLEDGED if acknowledged else None
        return Standing(True, status, True, False, asked[-1])

    models: Any = SimpleNamespace(wait_for=wait_for, messages=SimpleNamespace(state_of=state_of))
    log: Any = post.log
    settling = Settling(station.office, station.fold, station.host, log, lambda: models, post.clock)

    why = await settling.why_not("bob" if settled else "cal", "m")

    assert isinstance(why, AlreadyAcknowledged if settled else NotARecipient)
    await post.close()


async def test_that_it_was_said_before_is_told_once_that_stands_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Acknowledgements of letters to many wait for others for a while.
    monkeypatch.setattr(mailroom, "EAGER", 0)
    post = Post(MessageTerms())
    station = await post.open()
    registered = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
    await post.happens("agent/bob", registered)
    message = SendMessage(
        message_id="m", from_agent="ann", to=Destination(broadcast=True), message_type="note"
    )
    await station.do(message)
    log: Any = post.log
    models: Any = None
    settling = Settling(station.office, station.fold, station.host, log, lambda: models, post.clock)
    loop, before = asyncio.get_running_loop(), len(post.events)

    first, second = (loop.create_task(settling.acknowledge("bob", ["m"])) for _ in range(2))
    third = loop.create_task(settling.refuse("bob", "m"))
    await post.rest()
    assert len(post.events) == before
    assert not any(each.done() for each in (first, second, third))
    await post.advance(1.0)

    assert await first == [before + 1]
    (told,) = await second
    assert isinstance(told, AlreadyAcknowledged)
    with pytest.raises(AlreadyAcknowledged):
        await third
    await post.close()


async def test_what_was_given_up_and_queued_again_at_that_moment_is_told_as_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailroom, "EAGER", 0)
    post = Post(MessageTerms())
    station = await post.open()
    await station.do(
        SendMessage(
            message_id="m", from_agent="ann", to=Destination(agents=("bob",)), message_type="note"
        )
    )
    sent = len(post.events)

    async def wait_for(_name: str, _position: int, _seconds: float) -> bool:
        return True

    async def state_of(_message_id: str, _name: str) -> Standing:
        return Standing(True, MessageStatus.QUEUED, True, False, len(post.events))

    models: Any = SimpleNamespace(wait_for=wait_for, messages=SimpleNamespace(state_of=state_of))
    log: Any = post.log
    settling = Settling(station.office, station.fold, station.host, log, lambda: models, post.clock)
    acknowledging = asyncio.get_running_loop().create_task(settling.acknowledge("bob", ["m"]))
    await post.rest()

    died = Died(recipient="bob", attempts=1, reason="no")
    await post.happens("message/m", MessageDied(position=sent, items=(died,), at=NOW))
    await station.do(RedriveMessage(message_id="m", recipient="bob", sent=sent))
    await post.advance(1.0)

    (told,) = await acknowledging
    assert isinstance(told, MessageClosed)
    assert told.facts["message_status"] == "dead"
    await post.close()
