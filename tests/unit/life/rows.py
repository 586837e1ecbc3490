"""The pure part of a projection: its rows in memory, as its writer folds them."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.projections.table import Projection


class Rows:
    """The tables of a projection.

    Attributes:
        tables: The rows of each, by key.
    """

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self.tables: list[dict[str, Any]] = [{} for _ in projection.tables]

    def apply(self, recorded: RecordedEvent) -> None:
        """Fold one event."""
        projection = self._projection
        for number, key, fold, _ in projection.steps(recorded):
            rows = self.tables[number]
            row = rows[key] = fold(rows.get(key), recorded)
            rule = projection.derived.get(number)
            if rule is not None and type(recorded.event) in rule.events:
                target = self.tables[rule.target]
                for other, change in rule.changes(row, recorded):
                    target[other] = change(target.get(other), recorded)

    def stored(self) -> Any:
        """Return all rows as JSON."""
        return msgspec.json.decode(msgspec.json.encode(self.tables))

    def reload(self) -> None:
        """Go on from what is stored: JSON columns are the text that they were."""
        for projection, rows in zip(self._projection.tables, self.tables, strict=True):
            fields = msgspec.structs.fields(projection.row)
            of_json = [field.name for field in fields if _holds_json(field.type)]
            for key, row in rows.items():
                columns = {name: getattr(row, name) for name in of_json}
                texts = {name: _text(value) for name, value in columns.items()}
                rows[key] = msgspec.structs.replace(row, **texts)


def _text(value: Any) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(msgspec.json.encode(value))


def _holds_json(kind: Any) -> bool:
    return kind is Any or msgspec.Raw in get_args(kind)
