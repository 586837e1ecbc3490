"""Folds runs of events into the tables of a projection and moves its checkpoint with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import psycopg
from psycopg.rows import TupleRow

from aia_mas.application.event_log.errors import EventLogError, Fenced, UnreadableEvent
from aia_mas.application.event_log.fold_snapshots import printable
from aia_mas.application.event_log.records import Fence, RecordedEvent, Unreadable
from aia_mas.application.event_log.slices import Slices
from aia_mas.projections.remembered_rows import RememberedRows
from aia_mas.projections.statements import PARK, move_statement, read_statement, rows_name
from aia_mas.projections.table import Projection

Connection = psycopg.AsyncConnection[TupleRow]

_LOADED_AT_ONCE = 200
_encode = msgspec.json.Encoder(decimal_format="string").encode


class UnknownProjection(EventLogError):
    """The database has no tables of this projection; its migration is missing."""

    code = "unknown_projection"


class CheckpointMoved(EventLogError):
    """Somebody else moved the checkpoint; nothing was written."""

    code = "checkpoint_moved"


class FoldFailed(Exception):
    """A fold raised.

    Attributes:
        index: Which of the events could not be folded.
        reason: What the fold raised.
    """

    def __init__(self, index: int, reason: Exception) -> None:
        """Name the event and the reason."""
        super().__init__(f"{type(reason).__name__}: {reason}")
        self.index = index
        self.reason = reason


class CheckpointWriter:
    """One projection on one connection, for as long as nobody else moves its checkpoint.

    Rows that were written are remembered: they are what stands in the tables until somebody else
    moves the checkpoint or swaps the tables, and then the next compare-and-set fails.

    Attributes:
        checkpoint: The name of the checkpoint.
        position: Where it stands.
        generation: How often the tables were swapped for rebuilt ones.
        parked: Streams that are left out.
    """

    def __init__(
        self,
        projection: Projection,
        connection: Connection,
        *,
        build: str = "",
        fence: Fence | None = None,
    ) -> None:
        """Wire a writer; ``open`` reads where it stands.

        Args:
            projection: What to fold.
            connection: In autocommit mode, set up by ``sessions.connect``.
            build: What the tables' names end with during a rebuild.
            fence: The lease under which the checkpoint may be moved; None: no lease is asked for.
        """
        self.position = 0
        self.generation = 0
        self.parked: set[str] = set()
        self._projection = projection
        self._connection = connection
        self.checkpoint = projection.key + build
        self._fence = fence
        self._move = move_statement(projection, build)
        self._reads = [
            read_statement(table, name)
            for table, name in zip(projection.tables, projection.table_names(build), strict=True)
        ]
        self._remembered = [RememberedRows() for _ in projection.tables]

    async def open(self) -> None:
        """Read the checkpoint and the parked streams.

        Raises:
            UnknownProjection: There is no checkpoint.
        """
        cursor = await self._connection.execute(
            "select position, generation from projection_checkpoints where projection = %s",
            (self.checkpoint,),
        )
        row = await cursor.fetchone()
        if row is None:
            raise UnknownProjection(f"no checkpoint {self.checkpoint}")
        self.position, self.generation = row
        cursor = await self._connection.execute(
            "select stream from projection_parked where projection = %s", (self.checkpoint,)
        )
        self.parked = {stream for (stream,) in await cursor.fetchall()}
        self._forget()

    async def write(self, events: Sequence[RecordedEvent]) -> None:
        """Fold a run of events that continues the checkpoint, in one transaction.

        Raises:
            FoldFailed: A fold raised, or an event that concerns the projection is unreadable.
            CheckpointMoved: Somebody else moved the checkpoint, or the run does not continue it.
            Fenced: The lease was taken over.
            psycopg.Error: The statement failed.
        """
        if events[0].position != self.position + 1:
            raise CheckpointMoved(f"{self.checkpoint} is at {self.position}: events are missing")
        try:
            slices = Slices()
            steps, skips = await self._plan(events, slices)
            changed: list[dict[str, Any]] = [{} for _ in self._remembered]
            derived = await self._fold(steps, changed, slices)
            if derived:
                await self._load_missing(derived, slices)
                await self._fold(derived, changed, slices)
            await self._store(changed, skips, events[-1].position, slices)
        except BaseException:
            self._forget()  # rows may be half changed, and whether they were written is unknown
            raise
        self._trim()

    async def park(self, event: RecordedEvent, reason: str) -> None:
        """Move past an event and leave out its stream from here on.

        Raises:
            CheckpointMoved: Somebody else moved the checkpoint.
            Fenced: The lease was taken over.
        """
        await self._moved(
            PARK,
            {
                "next": event.position,
                "stream": event.stream,
                "topic": event.topic,
                "reason": printable(reason),
            },
        )
        self.parked.add(event.stream)
        self.position = event.position

    async def stop(self, reason: str) -> None:
        """Record why the projection does not go on; the next move takes it back."""
        await self._connection.execute(
            """update projection_checkpoints set stopped = %s
            where projection = %s and position = %s and generation = %s""",
            (printable(reason), self.checkpoint, self.position, self.generation),
        )

    async def _plan(
        self, events: Sequence[RecordedEvent], slices: Slices
    ) -> tuple[list[_Step], Counter[str]]:
        """Return which folds change which rows, and load rows that are not remembered."""
        steps: list[_Step] = []
        skips: Counter[str] = Counter()
        missing: list[set[str]] = [set() for _ in self._remembered]
        made: list[set[str]] = [set() for _ in self._remembered]
        concerned, steps_of = self._projection.events, self._projection.steps
        rows = [remembered.rows for remembered in self._remembered]
        for index, event in enumerate(events):
            concerns = type(event.event) in concerned
            if not concerns and type(event.event) is not Unreadable:
                continue
            if self.parked and event.stream in self.parked:
                skips[event.stream] += 1
            elif not concerns:
                self._check_unconcerned(index, event)
            else:
                for number, key, fold, needs_row in steps_of(event):
                    steps.append((index, event, number, key, fold))
                    if not needs_row:
                        made[number].add(key)
                    elif key not in rows[number] and key not in made[number]:
                        missing[number].add(key)
            if slices.over():
                await slices.give_way()
        for number, keys in enumerate(missing):
            if keys:
                await self._load(number, keys, slices)
        return steps, skips

    async def _load_missing(self, steps: Sequence[_Step], slices: Slices) -> None:
        missing: list[set[str]] = [set() for _ in self._remembered]
        for _, _, number, key, _ in steps:
            if key not in self._remembered[number].rows:
                missing[number].add(key)
        for number, keys in enumerate(missing):
            if keys:
                await self._load(number, keys, slices)

    def _check_unconcerned(self, index: int, event: RecordedEvent) -> None:
        if event.stream.partition("/")[0] in self._projection.categories:
            raise FoldFailed(index, UnreadableEvent(event.event.reason))

    async def _load(self, number: int, keys: set[str], slices: Slices) -> None:
        make, rows = self._projection.tables[number].row, self._remembered[number].rows
        cursor = self._connection.cursor(binary=True)
        wanted = list(keys)
        # Piecewise, because the rows of one answer are decoded in one go.
        for start in range(0, len(wanted), _LOADED_AT_ONCE):
            some = wanted[start : start + _LOADED_AT_ONCE]
            await cursor.execute(self._reads[number], {"keys": some}, prepare=True)
            for values in await cursor.fetchall():
                rows[values[0]] = make(*values)
            await slices.give_way()

    async def _fold(
        self, steps: Sequence[_Step], changed: list[dict[str, Any]], slices: Slices
    ) -> list[_Step]:
        """Add the changed rows of every table, and return the steps that follow from them."""
        following: list[_Step] = []
        derived = self._projection.derived
        remembered = [each.rows for each in self._remembered]
        for index, event, number, key, fold in steps:
            rows = remembered[number]
            try:
                # Last used last, so that the longest unused are forgotten first.
                row = rows[key] = changed[number][key] = fold(rows.pop(key, None), event)
                if (rule := derived.get(number)) and type(event.event) in rule.events:
                    following += [
                        (index, event, rule.target, other, change)
                        for other, change in rule.changes(row, event)
                    ]
            except Exception as error:
                raise FoldFailed(index, error) from error
            if slices.over():
                await slices.give_way()
        return following

    async def _store(
        self,
        changed: list[dict[str, Any]],
        skips: Counter[str],
        position: int,
        slices: Slices,
    ) -> None:
        values: dict[str, Any] = {"next": position, "skips": _encode(skips).decode()}
        for number, rows in enumerate(changed):
            written = self._remembered[number].written
            parts: list[bytes] = []
            for key, row in rows.items():
                part = _encode(row)
                parts.append(part)
                written(key, len(part))
                if slices.over():
                    await slices.give_way()
            values[rows_name(number)] = (b"[%b]" % b",".join(parts)).decode()
        await self._moved(self._move, values)
        self.position = position

    async def _moved(self, statement: bytes, values: dict[str, Any]) -> None:
        fence = self._fence
        values |= {
            "projection": self.checkpoint,
            "position": self.position,
            "generation": self.generation,
            "lease": None if fence is None else fence.lease,
            "epoch": None if fence is None else fence.epoch,
        }
        cursor = await self._connection.execute(statement, values, prepare=True)
        row = await cursor.fetchone()
        if row is not None and row[0]:
            return
        await self._check_fence()
        raise CheckpointMoved(
            f"{self.checkpoint} is no longer at {self.position} of generation {self.generation}"
        )

    async def _check_fence(self) -> None:
        if self._fence is None:
            return
        cursor = await self._connection.execute(
            "select from leases where name = %s and epoch = %s", self._fence
        )
        if not cursor.rowcount:
            raise Fenced(f"{self.checkpoint} has another leader")

    def _forget(self) -> None:
        for remembered in self._remembered:
            remembered.clear()

    def _trim(self) -> None:
        for table, remembered in zip(self._projection.tables, self._remembered, strict=True):
            if table.reads:
                remembered.trim()
            else:
                remembered.clear()


# Number of the event, the event, number of the table, key, fold.
_Step = tuple[int, RecordedEvent, int, str, Callable[[Any, RecordedEvent], Any]]
