"""Waits for answers to messages: the first message to the asker with the same correlation id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aia_mas.application.clock import Clock
from aia_mas.application.communication.contents import Content, Contents
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.out import Out
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.application.event_log.errors import LogClosed
from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    MessageClosed,
    NotARecipient,
)
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.kernel.errors import DomainError

TRANSPORT = "reply"
"""How answers that were waited for are delivered."""
_PATIENCE = 5.0
"""Seconds to wait for the log."""


class ReplyTimeout(DomainError):
    """The message was sent, and nobody has answered it in time."""

    code = "reply_timeout"


class Expected:
    """An answer that somebody waits for.

    Attributes:
        asker: Who; the answer names it as its recipient.
        correlation_id: What the answer has in common with the question.
        question: The id of the question, which is no answer.
        woken: Set when it has come, or is not waited for any more.
        letter: The answer, once it has come.
        out: Its delivery, unless somebody else has taken that over.
    """

    __slots__ = ("asker", "correlation_id", "letter", "out", "question", "woken")

    def __init__(self, asker: str, correlation_id: str, question: str) -> None:
        """Begin to wait."""
        self.asker = asker
        self.correlation_id = correlation_id
        self.question = question
        self.woken = asyncio.Event()
        self.letter: Letter | None = None
        self.out: Out | None = None


class Replies:
    """Hands answers to those who wait for them on this node, past the queue of their inbox."""

    def __init__(
        self, fold: MailroomFold, contents: Contents, office: PostOffice, clock: Clock
    ) -> None:
        """Wire it.

        Args:
            fold: Tells of every message.
            contents: What stands in them.
            office: Hands them over.
            clock: Measures the wait.
        """
        self._contents = contents
        self._office = office
        self._clock = clock
        self._expected: dict[tuple[str, str], list[Expected]] = {}
        self._closed = False
        fold.on_sent.append(self._sent)

    @property
    def waiting(self) -> int:
        """How many answers are waited for now."""
        return sum(map(len, self._expected.values()))

    @contextmanager
    def expected(self, asker: str, correlation_id: str, question: str) -> Iterator[Expected]:
        """Note that somebody waits for an answer, before the question is asked.

        Args:
            asker: Who.
            correlation_id: What the answer has in common with the question.
            question: The id of the question.

        Raises:
            LogClosed: The node is stopping.
        """
        if self._closed:
            raise LogClosed
        key, expected = (asker, correlation_id), Expected(asker, correlation_id, question)
        self._expected.setdefault(key, []).append(expected)
        try:
            yield expected
        finally:
            others = self._expected[key]
            others.remove(expected)
            if not others:
                del self._expected[key]
            if expected.out is not None:
                self._office.put_back(expected.out)

    async def come(self, expected: Expected, seconds: float) -> bool:
        """Wait for an answer; tells whether it has come.

        Args:
            expected: What to wait for.
            seconds: How long at most.

        Raises:
            LogClosed: The node is stopping; whoever asks again under the same key gets the answer.
        """
        if not expected.woken.is_set():
            with self._clock.within(seconds):
                await expected.woken.wait()
        if expected.letter is None and self._closed:
            raise LogClosed
        return expected.letter is not None

    async def take(self, expected: Expected) -> Content:
        """Return an answer that has come, once it is acknowledged for whoever asked.

        Raises:
            MessageKeyUnknown: It cannot be decrypted here; it is not acknowledged.
            MessageSealBroken: Likewise.
        """
        letter = expected.letter
        assert letter is not None, "it has not come"
        answer = await self._contents.at(letter.sent)
        assert answer is not None, "the log has lost it"
        await self.settle(expected.asker, letter.message_id)
        return answer

    async def settle(self, asker: str, message_id: str) -> None:
        """Acknowledge an answer for whoever asked, if it is open still."""
        with suppress(AlreadyAcknowledged, MessageClosed, NotARecipient):
            acknowledged = self._office.acknowledge(asker, message_id)
            # Whoever goes away meanwhile does not take it back. While the log is away, whoever
            # asked has the answer all the same, and the acknowledgement waits for the log.
            with self._clock.within(_PATIENCE):
                await asyncio.shield(acknowledged)

    def close(self) -> None:
        """Have nobody wait any more; the node is stopping."""
        self._closed = True
        for several in self._expected.values():
            for expected in several:
                expected.woken.set()

    def _sent(self, letter: Letter, event: Any) -> None:
        if not self._expected or event.correlation_id is None:
            return
        sent: MessageSent = event
        for name in sent.recipients:
            several = self._expected.get((name, event.correlation_id))
            if several is not None:
                self._answered(name, several, letter)

    def _answered(self, asker: str, several: list[Expected], letter: Letter) -> None:
        waiting = [
            each for each in several if each.letter is None and each.question != letter.message_id
        ]
        # One that is to be delivered later only is no answer now.
        out = self._office.hand_over(asker, letter, TRANSPORT) if waiting else None
        if out is None:
            return
        waiting[0].out = out
        for expected in waiting:
            expected.letter = letter
            expected.woken.set()
