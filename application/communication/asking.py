"""Asks questions and waits for their answers, whichever door they come in by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, NamedTuple, TypeAlias

import msgspec

from aia_mas.application.communication.contents import Content, Contents
from aia_mas.application.communication.replies import Expected, Replies, ReplyTimeout
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.event_log.log import EventLog
from aia_mas.domain.communication.message import message_stream
from aia_mas.domain.communication.sending import SendMessage

Send: TypeAlias = Callable[[SendMessage], Awaitable[CommandResult]]
"""Sends a question; or tells what came of it, when it was sent before."""
Received: TypeAlias = Callable[[str, str], AsyncIterator[int]]
"""Yields the positions of what somebody was sent with a correlation id, oldest first."""
Wait: TypeAlias = Callable[[Coroutine[Any, Any, bool]], Awaitable[bool]]
"""Waits for something, for as long as somebody is there who wants to know."""


class Answered(NamedTuple):
    """The answer to a question.

    Attributes:
        content: What stands in it.
        result: What the sender of the question was told.
    """

    content: Content
    result: CommandResult


class _Asked(msgspec.Struct):
    message_id: str
    correlation_id: str
    duplicate: bool = False


_asked = msgspec.json.Decoder(_Asked).decode


class Asking:
    """Sends a question and returns its answer, which is acknowledged for whoever asked."""

    def __init__(self, replies: Replies, contents: Contents, log: EventLog) -> None:
        """Wire it.

        Args:
            replies: Takes answers as they come.
            contents: What stands in messages.
            log: Knows when a question was asked.
        """
        self._replies = replies
        self._contents = contents
        self._log = log

    async def ask(
        self, question: SendMessage, seconds: float, *, send: Send, received: Received, wait: Wait
    ) -> Answered:
        """Ask, and wait for the answer.

        A question that was sent before, under the same key or id, is not sent again: its answer is
        looked for among what has come, and else waited for.

        Args:
            question: What to send; answers go to its sender.
            seconds: How long to wait for the answer.
            send: Sends it.
            received: Looks among what the sender was sent before.
            wait: Waits.

        Raises:
            ReplyTimeout: There was none in time.
            DomainError: The question was refused.
            EventLogError: It could not be sent now, or the node is stopping.
        """
        asker, correlation_id = question.from_agent, question.correlation_id
        assert correlation_id is not None, "a question has one, that of its answer"
        with self._replies.expected(asker, correlation_id, question.message_id) as expected:
            result = await send(question)
            told = _asked(result.body)
            if not (told.duplicate or result.replayed):
                return await self._come(told, result, expected, seconds, wait)
        with self._replies.expected(asker, told.correlation_id, told.message_id) as expected:
            before = await self._come_before(asker, told, received)
            if before is None:
                return await self._come(told, result, expected, seconds, wait)
            await self._replies.settle(asker, before.view.message_id)
            return Answered(before, result)

    async def _come(
        self, told: _Asked, result: CommandResult, expected: Expected, seconds: float, wait: Wait
    ) -> Answered:
        if not await wait(self._replies.come(expected, seconds)):
            message_id = told.message_id
            raise ReplyTimeout(
                f"{message_id} was sent, and nobody has answered it within {seconds:g} seconds",
                message_id=message_id,
                correlation_id=told.correlation_id,
            )
        return Answered(await self._replies.take(expected), result)

    async def _come_before(self, asker: str, told: _Asked, received: Received) -> Content | None:
        """Return the answer to a question that was asked before, if it has come."""
        asked = await self._log.read_stream(message_stream(told.message_id), limit=1)
        if not asked:
            return None
        async for position in received(asker, told.correlation_id):
            if position > asked[0].position:
                return await self._contents.at(position)
        return None
