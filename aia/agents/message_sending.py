"""Sends messages, and waits for answers, inside a node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from math import inf
from typing import Any

import msgspec
from msgspec.structs import replace

from aia.agents.communication_message import CommunicationMessage
from aia.agents.on_a_node import HOST
from aia_mas.application.communication.handlers import SentMessage
from aia_mas.application.communication.views import MessageView
from aia_mas.application.engine.engine import Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.communication.sending import SYSTEM, SendMessage
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.bounds import check_number
from aia_mas.interfaces.answers_received import answers_received
from aia_mas.interfaces.bootstrap import System
from aia_mas.projections.communication.messages_fold import MESSAGES

_VIEW_SECONDS = 5.0

_sent = msgspec.json.Decoder(SentMessage).decode


async def send(system: System, message: CommunicationMessage) -> SentMessage:
    """Send a message; see ``EventDrivenCommunicationFramework.send_message``."""
    result = await system.engine.execute(message.command(system), HOST)
    return _sent(result.body)


async def ask(system: System, question: CommunicationMessage, seconds: float) -> MessageView:
    """Send a question and return the answer; see ``EventDrivenCommunicationFramework.request``."""
    check_number(seconds, "timeout", lowest=0.0, highest=inf)
    if question.from_agent == SYSTEM:
        raise InvalidValue("nobody can answer the system", field="from_agent")
    asker = question.from_agent
    if question.reply_to not in (None, asker):
        raise InvalidValue("the answer goes to the sender", field="reply_to")
    correlation_id = question.correlation_id or question.message_id
    whole = replace(question, reply_to=asker, correlation_id=correlation_id)

    async def carry_out(command: SendMessage) -> CommandResult:
        return await system.engine.run(command, Origin(HOST))

    async def received(name: str, correlation_id: str) -> AsyncIterator[int]:
        models = system.projections
        await models.wait_for(MESSAGES.name, system.log.feed.position, _VIEW_SECONDS)
        now = system.clock.now()
        async for position in answers_received(models.messages, name, correlation_id, now):
            yield position

    answered = await system.communication.asking.ask(
        whole.command(system), seconds, send=carry_out, received=received, wait=_wait
    )
    return answered.content.view


async def _wait(coming: Coroutine[Any, Any, bool]) -> bool:
    return await coming
