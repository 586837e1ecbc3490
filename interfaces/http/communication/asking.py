"""Sends a question and waits for its answer."""

from __future__ import annotations

from typing import Any

import msgspec

from aia_mas.application.communication.replies import Expected, ReplyTimeout
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.commands import carry_out, position_headers
from aia_mas.interfaces.http.requests import ApiRequest


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
    replies, asker = request.system.communication.replies, question.from_agent
    correlation_id = question.correlation_id or question.message_id
    with replies.expected(asker, correlation_id, question.message_id) as expected:
        result = await carry_out(request, question)
        told = _asked(result.body)
        if not (told.duplicate or result.replayed):
            reply = await _waited_for(request, expected, seconds)
            return _answer(reply, told, position_headers(result))
    with replies.expected(asker, told.correlation_id, told.message_id) as expected:
        reply = await _come_before(request, asker, told, result.position)
        if reply is None:
            reply = await _waited_for(request, expected, seconds)
        return _answer(reply, told, position_headers(result))
