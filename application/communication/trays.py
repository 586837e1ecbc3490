"""The trays of a node: laid out when somebody collects, put away when nobody has for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from aia_mas.application.clock import Clock
from aia_mas.application.communication.awaited import Awaited
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.out import Out
from aia_mas.application.communication.sharing import Sharing
from aia_mas.application.communication.tray import Tray
from aia_mas.domain.communication.crowds import bits_of, numbers_of

_LINGER = 60.0
"""Seconds that a tray stays laid out after somebody collected from it."""


class Trays:
    """Trays by the numbers of their recipients.

    Attributes:
        awaited: Who collects for recipients of whom nothing is known.
    """

    def __init__(
        self, fold: MailroomFold, clock: Clock, settled: Callable[[Out], None], writer: str
    ) -> None:
        """Lay out none.

        Args:
            fold: What waits for whom.
            clock: What time it is.
            settled: Called with whatever is out no more.
            writer: Under which name this run of the node writes.
        """
        self.awaited = Awaited()
        self._fold = fold
        self._clock = clock
        self._settled = settled
        self._writer = writer
        self._trays: dict[int, Tray] = {}
        # For whom letters to many have come or expired.
        self._crowd = 0
        self._spread = asyncio.Event()
        fold.on_spread.append(self._note_spread)
        fold.on_named.append(self.awaited.named)
        fold.on_connection.append(self._connection)
        fold.on_restored.append(self._restart)

    def __len__(self) -> int:
        """Return how many are laid out."""
        return len(self._trays)

    def get(self, number: int) -> Tray | None:
        """Return the tray of a recipient, if it is laid out."""
        return self._trays.get(number)

    def values(self) -> Iterable[Tray]:
        """Return all."""
        return self._trays.values()

    def of(self, name: str) -> Tray | None:
        """Return the tray of a recipient, laid out; None: nothing is known of it."""
        number = self._fold.state.directory.find(name)
        if number is None:
            return None
        tray = self._trays.get(number)
        if tray is None:
            tray = self._trays[number] = Tray(
                lambda: self._fold.state,
                number,
                self._now,
                Sharing(self._writer, self._clock.monotonic),
                self._settled,
            )
        tray.used_at = self._clock.monotonic()
        return tray

    async def lay_out(self) -> None:
        """Put letters to many into the trays when one has come or expired, until cancelled."""
        while True:
            await self._spread.wait()
            self._spread.clear()
            for count, tray in enumerate(self._concerned()):
                self._fold.state.inbox(tray.number)
                if count % 50 == 49:
                    await asyncio.sleep(0)

    async def tidy(self) -> None:
        """Put away those from which nobody has collected for a while, until cancelled."""
        while True:
            await self._clock.sleep(_LINGER / 4)
            before = self._clock.monotonic() - _LINGER
            for number, tray in tuple(self._trays.items()):
                if not tray.wakers and not tray.out and tray.used_at < before:
                    tray.close()
                    del self._trays[number]

    def _note_spread(self, crowd: int) -> None:
        self._crowd |= crowd
        self._spread.set()

    def _concerned(self) -> list[Tray]:
        """Return the trays of those for whom letters to many came or expired since before."""
        crowd, self._crowd = self._crowd, 0
        if crowd.bit_count() < len(self._trays):
            return [self._trays[each] for each in numbers_of(crowd) if each in self._trays]
        bits = bits_of(crowd)
        return [
            tray
            for number, tray in self._trays.items()
            if number >> 3 < len(bits) and bits[number >> 3] >> (number & 7) & 1
        ]

    def _connection(self, number: int, writer: str, there: bool) -> None:
        tray = self._trays.get(number)
        if tray is not None and tray.sharing.note(writer, there=there):
            tray.wake()

    def _restart(self) -> None:
        """Go over to another mailroom, in which recipients may have other numbers."""
        trays = tuple(self._trays.values())
        self._trays.clear()
        self._crowd = 0
        for tray in trays:
            if tray.restart():
                self._trays[tray.number] = tray
        self.awaited.look()

    def _now(self) -> float:
        return self._clock.now().timestamp()
