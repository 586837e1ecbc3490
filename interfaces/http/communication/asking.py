"""Requests that send messages: one is carried out, and one waits for the answer to a question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from functools import partial
from typing import Any

import msgspec

from aia_mas.application.communication.repeating import guarded
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.interfaces.answers_received import answers_received
from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.commands import origin_of, position_headers
from aia_mas.interfaces.http.communication.readers import check_again
from aia_mas.interfaces.http.queries import reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.projections.communication.messages_fold import MESSAGES


async def carry_out_sending(request: ApiRequest, command: msgspec.Struct) -> CommandResult:
    """Give a command that sends a message to the engine; see ``carry_out`` and ``guarded``."""
    system, origin = request.system, await origin_of(request)
    run = partial(system.engine.run, command)
    return await guarded(system.communication.sealing, origin, run)


async def ask(request: ApiRequest, question: SendMessage, seconds: float) -> Answer[Any]:
    """Send a question and answer with its answer; see ``Asking``.

    Args:
        request: The request.
        question: What to send.
        seconds: How long to wait for the answer.

    Raises:
        ReplyTimeout: There was none in time.
        DomainError: The question was refused.
        EventLogError: It could not be sent now, or the node is stopping.
        ClientGone: Whoever asked is not there any more.
    """
    system = request.system

    async def received(asker: str, correlation_id: str) -> AsyncIterator[int]:
        await reached(request, MESSAGES.name, 0)
        messages, now = system.projections.messages, system.clock.now()
        async for position in answers_received(messages, asker, correlation_id, now):
            yield position

    async def wait(coming: Coroutine[Any, Any, bool]) -> bool:
        has_come = await request.unless_gone(coming)
        if has_come:
            check_again(request)
        return has_come

    answered = await system.communication.asking.ask(
        question, seconds, send=partial(carry_out_sending, request), received=received, wait=wait
    )
    return Answer(answered.content.json, 200, position_headers(answered.result))
