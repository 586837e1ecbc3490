"""Pools of connections; one in which a request was cancelled is used up, and another takes over.

A pool of httpcore may keep the place of a cancelled request for ever (its issue 1093): after as
many as it has places, every further request would wait in vain.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx


class AsyncPool:
    """A pool, and who uses it.

    Attributes:
        http: What sends the requests.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        """Take over what sends the requests."""
        self.http = http
        self._users: set[object] = set()
        self._retired = False

    def enter(self, user: object) -> None:
        """Note that somebody uses it."""
        self._users.add(user)

    async def leave(self, user: object) -> None:
        """Note that somebody no longer does; the last one closes a pool that is used up."""
        self._users.discard(user)
        if self._retired and not self._users:
            await self.http.aclose()

    def retire(self) -> None:
        """Have it closed when the last one has left it."""
        self._retired = True


class AsyncPools:
    """The pool to be used now, and those that others still use."""

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, renewable: bool) -> None:
        """Make the first one.

        Args:
            make: Makes what sends the requests of a pool.
            renewable: Whether there may be another one: not of a transport that somebody gave us.
        """
        self._make = make
        self._renewable = renewable
        self.current = AsyncPool(make())
        self._former: list[AsyncPool] = []

    def renew(self, pool: AsyncPool) -> None:
        """Use a pool no more, because a request in it was cancelled."""
        if self._renewable and pool is self.current and not pool.http.is_closed:
            self.current = AsyncPool(self._make())
            self._former = [each for each in self._former if not each.http.is_closed]
            self._former.append(pool)
            pool.retire()

    async def aclose(self) -> None:
        """Close all of them."""
        for pool in (*self._former, self.current):
            await pool.http.aclose()
