"""Collects messages from a tray: over a connection, with a window, or now and then."""

from __future__ import annotations

import asyncio

from aia_mas.application.clock import Clock
from aia_mas.application.communication.out import Delivered
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.application.communication.tray import Tray

PREFETCH = 64
"""Messages that a connection may have without having acknowledged them."""
CRITICAL = 16
"""Critical ones that it may have beside those."""
_LOOK = 0.1
"""Seconds between looks while nothing is delivered."""


class Collection:
    """Somebody who collects the messages of one recipient; several of them share what there is.

    Use it as a context: what was delivered and not acknowledged when it is left goes to whoever
    collects next.

    Attributes:
        in_order: It is left since this side wants it so. Then what is out does not count as
            delivered; else its delivery has failed, since a message that brings its readers down
            would come for ever.
    """

    def __init__(
        self,
        office: PostOffice,
        clock: Clock,
        name: str,
        transport: str,
        prefetch: int | None = PREFETCH,
    ) -> None:
        """Begin to collect.

        Args:
            office: Where.
            clock: What time it is.
            name: The recipient.
            transport: How messages are delivered.
            prefetch: How many may be out; None: any number, and they stay out when this is left.
        """
        self._office = office
        self._clock = clock
        self._name = name
        self._transport = transport
        self._prefetch = prefetch
        self._room: set[int] | None = None if prefetch is None else set()
        self._news = asyncio.Event()
        self._tray: Tray | None = None
        self._current = False
        self._ended = False
        self.in_order = False
        # Whether there was nothing more to take; then there is not until somebody says so.
        self._drained = False

    def __enter__(self) -> Collection:
        """Begin."""
        self._join()
        return self

    def __exit__(self, *_: object) -> None:
        """End, and give back what was not acknowledged."""
        self._office.trays.awaited.wait_no_more(self._name, self._news)
        if self._tray is not None:
            self._tray.wakers.discard(self._news)
            if self._room:
                self._office.return_all(self._tray, self._room, in_order=self.in_order)

    @property
    def out(self) -> int:
        """How many messages are out."""
        return 0 if self._room is None else len(self._room)

    def end(self) -> None:
        """Have nobody wait here any more: there are no next messages, now or later."""
        self._ended = True
        self._news.set()

    async def next(
        self, most: int = 100, seconds: float | None = None, most_bytes: int | None = None
    ) -> list[Delivered]:
        """Return the next messages, as soon as there are any.

        Args:
            most: How many, at most.
            seconds: How long to wait for the first one; None: for ever. Then there are none.
            most_bytes: About how much they may have in them; one at least.
        """
        until = None if seconds is None else self._clock.monotonic() + seconds
        if not self._current:
            # What arrived before over another node must be known to have arrived.
            await self._office.current()
            self._current = True
        while not self._ended:
            wait: float | None = None
            if self._drained and not self._news.is_set() and not self._is_due():
                tray = self._tray
            else:
                self._news.clear()
                tray = self._join()
                if self._office.is_behind:
                    # Nobody looked into it; the news is heard all the same.
                    wait, tray, self._drained = _LOOK, None, False
                elif tray is not None:
                    handed = await self._take(tray, most, most_bytes)
                    if handed:
                        return handed
            if tray is not None:
                wait = self._wait(tray)
            if until is not None:
                left = until - self._clock.monotonic()
                if left <= 0:
                    return []
                wait = left if wait is None else min(wait, left)
            if wait is None:
                await self._news.wait()
            else:
                with self._clock.within(max(wait, 0.001)):
                    await self._news.wait()
            self._drained = False
        return []

    def _join(self) -> Tray | None:
        tray = self._office.tray(self._name)
        if tray is not self._tray:
            if self._tray is not None:
                self._tray.wakers.discard(self._news)
            self._tray = tray
        if tray is not None:
            tray.wakers.add(self._news)
        else:
            self._office.trays.awaited.wait(self._name, self._news)
        return tray

    async def _take(self, tray: Tray, most: int, most_bytes: int | None) -> list[Delivered]:
        critical, spare = 0, False
        if self._prefetch is not None:
            room = self._prefetch - self.out
            critical = max(min(CRITICAL, CRITICAL + room), 0) if room < most else 0
            # As long as critical ones keep coming there may be no room for others.
            spare = room <= 0 and all(
                tray.out[position].letter.rank == 0 for position in self._room or ()
            )
            most = min(most, max(room, 0))
        outs = tray.take(
            most,
            self._transport,
            self._room,
            critical=critical,
            spare=spare,
            most_bytes=most_bytes,
        )
        size = 0 if most_bytes is None else sum(out.letter.size for out in outs)
        all_of_it = most_bytes is None or size < most_bytes
        self._drained = all_of_it and len(outs) < most + critical
        return await self._office.deliver(tray, outs) if outs else []

    def _is_due(self) -> bool:
        """Tell whether something can be delivered by now that could not the last time."""
        wait = None if self._tray is None else self._wait(self._tray)
        return wait is not None and wait <= 0

    def _wait(self, tray: Tray) -> float | None:
        due = tray.next_due()
        return None if due is None else due - self._clock.now().timestamp()
