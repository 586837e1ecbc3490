"""A table of a projection: its rows as Structs, and the folds that change them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event

R = TypeVar("R", bound=msgspec.Struct)

RowFold = Callable[[R | None, RecordedEvent], R]
"""Returns a row after an event. It may change the row that it got (None: there is none yet)."""


# Any: the rows of a table are its own Struct.
Changes = Callable[[RecordedEvent], Iterable[tuple[str, Callable[[Any, RecordedEvent], Any]]]]
"""Returns the keys of the rows that an event changes, each with its fold."""


class MissingRow(LookupError):
    """An event changes a row that was never made."""


class Table(Generic[R]):
    """One table: a Struct whose fields are its columns, the first one its key.

    Attributes:
        suffix: What follows the projection's name and version in the table's name.
        row: The Struct.
        key_of: Which row an event concerns; None: none after all.
        folds: Event class -> the fold of such an event.
        many: Class of an event that is about many rows -> their keys, each with its fold.
        makes: The events that make a new row, whatever was there; others need the row as it was.
        reads: Whether any event needs the row as it was.
    """

    def __init__(
        self,
        suffix: str,
        row: type[R],
        key_of: Callable[[RecordedEvent], str | None],
        # Any: each fold looks into its own event class.
        folds: Mapping[type[Event], Callable[[Any, RecordedEvent], R]],
        *,
        many: Mapping[type[Event], Changes] = MappingProxyType({}),
        makes: Collection[type[Event]] = (),
    ) -> None:
        """Describe a table (see the attributes)."""
        self.suffix = suffix
        self.row = row
        self.key_of = key_of
        self.folds = folds
        self.many = many
        self.makes = frozenset(makes)
        # Rows without folds of their own are derived from others, and add up.
        events = folds.keys() | many.keys()
        self.reads = not events or not events <= self.makes
        self.columns = tuple(field.encode_name for field in msgspec.structs.fields(row))
        self.key = self.columns[0]


class Derived(NamedTuple):
    """Changes of a table that follow from the rows of another one, each right after its fold.

    For sums over things that the events themselves do not name: what an event means for them only
    the row tells that remembers the events before.

    Attributes:
        source: The number of the table whose rows are looked at.
        target: The number of the table that changes.
        events: The events that anything follows from.
        changes: Returns, for a row right after an event was folded into it, the keys of the rows
            that change, each with its fold. It must not keep the row: later events change it.
    """

    source: int
    target: int
    events: Collection[type[Event]]
    # Any: the row of the source.
    changes: Callable[[Any, RecordedEvent], Iterable[tuple[str, RowFold[Any]]]]


class Step(NamedTuple):
    """A change of one row that follows from an event.

    Attributes:
        number: The number of the table.
        key: Which row of it.
        fold: How it changes.
        needs_row: Whether that takes the row as it was.
    """

    number: int
    key: str
    fold: Callable[[Any, RecordedEvent], Any]
    needs_row: bool


class Projection:
    """A read model in SQL: tables folded from the same events, moving as one.

    Attributes:
        name: What people call it.
        version: Part of the tables' names; raised with every change of tables or folds.
        tables: Its tables.
        categories: The kinds of streams that concern it (``task``).
        strict: It stops at an event that cannot be folded instead of parking its stream.
        derived: What follows from rows of a table, by its number.
        events: The classes of events that change anything.
    """

    def __init__(
        self,
        name: str,
        version: int,
        tables: tuple[Table[Any], ...],
        categories: frozenset[str],
        *,
        strict: bool = False,
        derived: tuple[Derived, ...] = (),
    ) -> None:
        """Describe a projection (see the attributes)."""
        self.name = name
        self.version = version
        self.tables = tables
        self.categories = categories
        self.strict = strict
        self.derived = {each.source: each for each in derived}
        self._single: dict[type[Event], tuple[_Single, ...]] = {}
        self._many: dict[type[Event], tuple[_Many, ...]] = {}
        for number, table in enumerate(tables):
            for event, fold in table.folds.items():
                single = (number, table.key_of, fold, event not in table.makes)
                self._single[event] = (*self._single.get(event, ()), single)
            for event, changes in table.many.items():
                many = (number, changes, event not in table.makes)
                self._many[event] = (*self._many.get(event, ()), many)
        self.events = frozenset(self._single.keys() | self._many.keys())

    @property
    def key(self) -> str:
        """The name of its checkpoint, and the beginning of its tables' names."""
        return f"{self.name}_v{self.version}"

    def steps(self, recorded: RecordedEvent) -> Iterator[Step]:
        """Yield what an event of these classes changes."""
        kind = type(recorded.event)
        for number, key_of, fold, needs_row in self._single.get(kind, ()):
            key = key_of(recorded)
            if key is not None:
                yield Step(number, key, fold, needs_row)
        for number, changes, needs_row in self._many.get(kind, ()):
            for each, fold in changes(recorded):
                yield Step(number, each, fold, needs_row)

    def table_names(self, build: str = "") -> list[str]:
        """Return the names of its tables (``build``: of those of a rebuild)."""
        return [f"{self.key}{table.suffix}{build}" for table in self.tables]


_Single = tuple[
    int, Callable[[RecordedEvent], str | None], Callable[[Any, RecordedEvent], Any], bool
]
_Many = tuple[int, Changes, bool]
