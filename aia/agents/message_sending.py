"""Sends messages, and waits for answers, inside a node."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from aia.agents.communication_message import CommunicationMessage
from aia.agents.on_a_node import HOST
from aia_mas.application.communication.handlers import SentMessage
from aia_mas.application.communication.replies import ReplyTimeout
from aia_mas.application.communication.views import MessageView
from aia_mas.domain.communication.message import message_stream
from aia_mas.domain.communication.sending import SYSTEM
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.interfaces.bootstrap import System
from aia_mas.projections.communication.message_filters import MessageFilter
from aia_mas.projections.communication.messages_fold import MESSAGES

_VIEW_SECONDS = 5.0

_sent = msgspec.json.Decoder(SentMessage).decode


async def send(system: System, message: CommunicationMessage) -> SentMessage:
    """Send a message; see ``EventDrivenCommunicationFramework.send_message``."""
    result = await system.engine.execute(message.command(system), HOST)
    return _sent(result.body)


async def ask(system: System, question: CommunicationMessage, seconds: float) -> MessageView:
    """Send a question and return the answer; see ``EventDrivenCommunicationFramework.request``."""
    if question.from_agent == SYSTEM:
        raise InvalidValue("nobody can answer the system", field="from_agent")
    asker, message_id = question.from_agent, question.message_id
    if question.reply_to not in (None, asker):
        raise InvalidValue("the answer goes to the sender", field="reply_to")
    correlation_id = question.correlation_id or message_id
    question = replace(question, reply_to=asker, correlation_id=correlation_id)
    replies = system.communication.replies
    with replies.expected(asker, correlation_id, message_id) as expected:
        sent = await send(system, question)
        if sent.duplicate:
            before = await _come_before(system, asker, correlation_id, message_id)
            if before is not None:
                await replies.settle(asker, before.message_id)
                return before
        if not await replies.come(expected, seconds):
            raise ReplyTimeout(
                f"{message_id} was sent, and nobody has answered it within {seconds:g} seconds",
                message_id=message_id,
                correlation_id=correlation_id,
            )
        return (await replies.take(expected)).view


async def _come_before(
    system: System, asker: str, correlation_id: str, question: str
) -> MessageView | None:
    """Return the answer to a question that was asked before, if it has come."""
    models = system.projections
    await models.wait_for(MESSAGES.name, system.log.feed.position, _VIEW_SECONDS)
    asked = await system.log.read_stream(message_stream(question), limit=1)
    answers = MessageFilter(recipient=asker, correlation_id=correlation_id)
    page = await models.messages.list(answers, "sent_at")
    for message in page.items:
        if asked and message.position > asked[0].position:
            content = await system.communication.contents.at(message.position)
            return None if content is None else content.view
    return None
