"""Sends a question and waits for its answer."""

from __future__ import annotations

from typing import Any

import msgspec

from aia_mas.application.communication.contents import Content
from aia_mas.application.communication.replies import Expected, ReplyTimeout
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.communication.message import message_stream
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.commands import carry_out, position_headers
from aia_mas.interfaces.http.communication.readers import check_again
from aia_mas.interfaces.http.queries import reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.projections.communication.message_filters import MessageFilter
from aia_mas.projections.communication.messages_fold import MESSAGES


class _Asked(msgspec.Struct):
    message_id: str
    correlation_id: str
    duplicate: bool = False


_asked = msgspec.json.Decoder(_Asked).decode


async def ask(request: ApiRequest, question: SendMessage, seconds: float) -> Answer[Any]:
    """Send a question and return its answer, which is acknowledged for whoever asked.

    A question that was sent before, under the same key or id, is not sent again: its answer is
    looked for among what has come, and else waited for.

    Args:
        request: The request.
        question: What to send; answers go to its sender.
        seconds: How long to wait for the answer.

    Raises:
        ReplyTimeout: There was none in time.
        DomainError: The question was refused.
        EventLogError: It could not be sent now, or the node is stopping.
        ClientGone: Whoever asked is not there any more.
    """
    communication, asker = request.system.communication, question.from_agent
    replies = communication.replies
    correlation_id = question.correlation_id
    assert correlation_id is not None, "a question has one, that of its answer"
    with replies.expected(asker, correlation_id, question.message_id) as expected:
        result = await carry_out(request, question)
        told = _asked(result.body)
        if not (told.duplicate or result.replayed):
            return await _answered(request, told, result, expected, seconds)
    with replies.expected(asker, told.correlation_id, told.message_id) as expected:
        reply = await _come_before(request, asker, told)
        if reply is None:
            return await _answered(request, told, result, expected, seconds)
        await replies.settle(asker, reply.view.message_id)
        return Answer(reply.json, 200, position_headers(result))


async def _answered(
    request: ApiRequest, told: _Asked, result: CommandResult, expected: Expected, seconds: float
) -> Answer[Any]:
    replies = request.system.communication.replies
    if not await request.unless_gone(replies.come(expected, seconds)):
        raise ReplyTimeout(
            f"{told.message_id} was sent, and nobody has answered it within {seconds:g} seconds",
            message_id=told.message_id,
            correlation_id=told.correlation_id,
        )
    check_again(request)
    reply = await replies.take(expected)
    return Answer(reply.json, 200, position_headers(result))


async def _come_before(request: ApiRequest, asker: str, told: _Asked) -> Content | None:
    """Return the answer to a question that was asked before, if it has come."""
    system = request.system
    asked = await system.log.read_stream(message_stream(told.message_id), limit=1)
    await reached(request, MESSAGES.name, 0)
    answers = MessageFilter(recipient=asker, correlation_id=told.correlation_id)
    cursor: str | None = None
    while True:
        page = await system.projections.messages.list(answers, "sent_at", cursor)
        for message in page.items:
            if asked and message.position > asked[0].position:
                return await system.communication.contents.at(message.position)
        cursor = page.next_cursor
        if cursor is None:
            return None
