# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from aia.client.synchronous.group import Group
from aia.client.types import AuditEvent, AuditHead, AuditPage
from aia.client.writing import stream_segment


class Audit(Group):
    """Methods of `client.audit`."""

    def events(
        self,
        *,
        stream: str | None = None,
        category: str | None = None,
        type: str | Sequence[str] | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int | None = None,
        upto: int | None = None,
        sort: Literal["position", "-position"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> AuditPage:
        """List events, oldest first unless `sort` says otherwise.

        A page of large events may hold fewer than `limit`; `next_cursor` tells whether it goes on.

        Args:
            stream: The stream, for example `agent/data_analyst_001`.
            category: All streams of a kind, for example `agent`.
            type: Topics, for example `task.assigned.v1`.
            actor: Caused by this subject.
            since: Recorded at this time or later.
            until: Recorded before this time.
            after: Behind this position.
            upto: Up to this position.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.audit.events()
        """
        return self._connection.read(
            "/mas/api/v1/audit/events",
            AuditPage,
            {
                "stream": stream,
                "category": category,
                "type": type,
                "actor": actor,
                "since": since,
                "until": until,
                "after": after,
                "upto": upto,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_events(
        self,
        *,
        stream: str | None = None,
        category: str | None = None,
        type: str | Sequence[str] | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int | None = None,
        upto: int | None = None,
        sort: Literal["position", "-position"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[AuditEvent]:
        """Iterate over all that `events` lists, page by page.

        Args:
            stream: The stream, for example `agent/data_analyst_001`.
            category: All streams of a kind, for example `agent`.
            type: Topics, for example `task.assigned.v1`.
            actor: Caused by this subject.
            since: Recorded at this time or later.
            until: Recorded before this time.
            after: Behind this position.
            upto: Up to this position.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.audit.iterate_events():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.events(
                stream=stream,
                category=category,
                type=type,
                actor=actor,
                since=since,
                until=until,
                after=after,
                upto=upto,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def stream(
        self,
        stream: str,
        *,
        sort: Literal["version", "-version"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> AuditPage:
        """Return the events of one stream, for example `agent/data_analyst_001`.

        Args:
            stream: The stream, for example `agent/data_analyst_001`.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.audit.stream("agent/data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/audit/streams/{stream_segment(stream)}",
            AuditPage,
            {
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_stream(
        self,
        stream: str,
        *,
        sort: Literal["version", "-version"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[AuditEvent]:
        """Iterate over all that `stream` lists, page by page.

        Args:
            stream: The stream, for example `agent/data_analyst_001`.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.audit.iterate_stream("agent/data_analyst_001"):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.stream(
                stream, sort=sort, limit=limit, min_position=min_position, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def head(
        self,
        *,
        min_position: int | None = None,
    ) -> AuditHead:
        """Return the end of the log and the hash that seals all of it.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.audit.head()
        """
        return self._connection.read(
            "/mas/api/v1/audit/head", AuditHead, {"min_position": min_position}
        )
