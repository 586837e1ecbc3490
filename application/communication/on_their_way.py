"""Acknowledgements on their way into the log, and what becomes of the deliveries meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.domain.communication.errors import MessageClosed
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.kernel.errors import DomainError

_ARRIVED, _DEAD, _EXPIRED = "arrived", "dead", "expired"


class OnTheirWay:
    """Acknowledgements that were taken and are not known to be durable."""

    def __init__(self, fold: MailroomFold) -> None:
        """Begin with none (``fold``: tells what becomes of deliveries)."""
        self._fold = fold
        # By the letter's position and the recipient: what became of it, empty: nothing is known.
        self._became: dict[tuple[int, str], str] = {}
        self._futures: dict[tuple[int, str], asyncio.Future[int]] = {}
        fold.on_acknowledged.append(self._has_arrived)
        fold.on_given_up.append(self._was_given_up)
        fold.on_restored.append(self._restart)

    def __contains__(self, delivery: tuple[int, str]) -> bool:
        """Tell whether a delivery (position, recipient) was acknowledged just now."""
        return delivery in self._became

    def begin(self, letter: Letter, name: str) -> Callable[[], DomainError | None]:
        """Take one in; return what tells, once the fold has it, why it came to nothing, if so."""
        key = (letter.position, name)
        self._became[key] = ""

        def refusal() -> DomainError | None:
            became = self._became.get(key, _ARRIVED)
            if became == _ARRIVED:
                return None
            return MessageClosed(
                became or self._given_up(letter, name), message_id=letter.message_id
            )

        return refusal

    def follow(self, letter: Letter, name: str, future: asyncio.Future[int]) -> None:
        """Know when one that was taken in is durable, or has come to nothing; it is over then."""
        key = (letter.position, name)

        def over(_: object) -> None:
            del self._became[key], self._futures[key]

        self._futures[key] = future
        future.add_done_callback(over)

    def future(self, position: int, name: str) -> asyncio.Future[int] | None:
        """Return what tells when an acknowledgement is durable; None: none is on its way."""
        return self._futures.get((position, name))

    def _given_up(self, letter: Letter, name: str) -> str:
        """Tell as what a letter was given up of which that was not told."""
        room = self._fold.state
        number = room.directory.find(name)
        known = None if number is None else room.delivery(letter.position, number)
        # It is dead before that is written; what is nobody's any more has expired.
        return _DEAD if known is not None and known.spent else _EXPIRED

    def _has_arrived(self, position: int, name: str) -> None:
        if self._became and (position, name) in self._became:
            self._became[position, name] = _ARRIVED

    def _was_given_up(self, position: int, name: str, status: str) -> None:
        if self._became and (position, name) in self._became:
            self._became[position, name] = status

    def _restart(self) -> None:
        # What became of these stands in the mailroom, if it came to anything.
        for key in self._became:
            self._became[key] = _ARRIVED
