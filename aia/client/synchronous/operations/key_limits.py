# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: key limits."""

from __future__ import annotations

from collections.abc import Iterator

from aia.client.synchronous.group import Group
from aia.client.types import KeyPage, KeyView, LimitAnswer
from aia.client.writing import given, segment


class KeyLimits(Group):
    """Methods of `client.limits`."""

    def get(
        self,
        key: str,
        *,
        min_position: int | None = None,
    ) -> KeyView:
        """Return a concurrency key: its limits, what runs and what waits.

        Args:
            key: The concurrency key.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.limits.get("sales_db")
        """
        return self._connection.read(
            f"/mas/api/v1/agents/tasks/limits/{segment(key)}",
            KeyView,
            {"min_position": min_position},
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> KeyPage:
        """List the concurrency keys that have a limit, or tasks that wait or run.

        Args:
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.limits.list()
        """
        return self._connection.read(
            "/mas/api/v1/agents/tasks/limits",
            KeyPage,
            {"limit": limit, "cursor": cursor, "total": total, "min_position": min_position},
        )

    def iterate(
        self,
        *,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[KeyView]:
        """Iterate over all that `list` lists, page by page.

        Args:
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.limits.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.list(limit=limit, min_position=min_position, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def set(
        self,
        key: str,
        *,
        max_concurrent: int | None = None,
        rate: int | None = None,
        per_seconds: float | None = None,
        idempotency_key: str | None = None,
    ) -> LimitAnswer:
        """Limit a key from now on; what is held already is not taken away.

        Args:
            key: The concurrency key.
            max_concurrent: How many of its tasks may be held at once; left out: as each task has
                it.
            rate: How many may be dispatched in a period; left out: any number.
            per_seconds: The length of the period, seconds; goes with a rate.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.limits.set("sales_db", max_concurrent=2, rate=100, per_seconds=60)
        """
        body = given({"max_concurrent": max_concurrent, "rate": rate, "per_seconds": per_seconds})
        return self._connection.command(
            "PUT",
            f"/mas/api/v1/agents/tasks/limits/{segment(key)}",
            LimitAnswer,
            body,
            key=idempotency_key,
        )

    def remove(
        self,
        key: str,
        *,
        idempotency_key: str | None = None,
    ) -> LimitAnswer:
        """Lift what was set for a key; the limits that tasks have in mind hold again.

        Args:
            key: The concurrency key.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.limits.remove("sales_db")
        """
        return self._connection.command(
            "DELETE",
            f"/mas/api/v1/agents/tasks/limits/{segment(key)}",
            LimitAnswer,
            None,
            key=idempotency_key,
        )
