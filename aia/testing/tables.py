"""The tables of a projection in memory, folded as their writer folds them into PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps
from aia_mas.projections.table import Projection


class Tables:
    """A fold whose state are the rows of a projection.

    Attributes:
        name: That of the projection.
        version: Likewise.
        rows: The rows of each of its tables, by key.
    """

    def __init__(self, projection: Projection) -> None:
        """Begin with empty tables."""
        self.name = projection.name
        self.version = projection.version
        # Any: the rows of a table are its own Struct.
        self.rows: list[dict[str, Any]] = [{} for _ in projection.tables]
        self._projection = projection

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        if type(event.event) not in self._projection.events:
            return
        for number, key, fold, _ in self._projection.steps(event):
            rows = self.rows[number]
            row = rows[key] = fold(rows.get(key), event)
            rule = self._projection.derived.get(number)
            if rule is not None and type(event.event) in rule.events:
                target = self.rows[rule.target]
                for other, change in rule.changes(row, event):
                    target[other] = change(target.get(other), event)

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the rows; see ``Fold.snapshot``."""
        pieces = []
        for rows in self.rows:
            pieces.append(msgspec.json.encode(list(rows.values())))
            yield
        return iter(pieces)

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go back to a snapshot; see ``Fold.restore``."""
        restored = []
        for table, piece in zip(self._projection.tables, pieces, strict=True):
            rows = msgspec.json.decode(piece, type=list[table.row])  # type: ignore[name-defined]
            restored.append({getattr(row, table.key): row for row in rows})
            yield
        self.rows = restored
