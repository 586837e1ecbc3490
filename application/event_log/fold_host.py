"""Keeps a fold in memory: from its last snapshot on, along the log, a slice at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

import anyio
import psycopg
import structlog
from anyio.abc import TaskGroup

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.fold import Fold, SteppingFold, concerns
from aia_mas.application.event_log.fold_snapshots import MOST_SKIPS, FoldSnapshots, StoredFold
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.progress import Progress
from aia_mas.application.event_log.read_ahead import ReadAhead
from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.application.event_log.refolding import refold
from aia_mas.application.event_log.slices import Slices
from aia_mas.application.event_log.subscription import Subscription
from aia_mas.domain.kernel.steps import Steps

log = structlog.stdlib.get_logger("aia.event_log.folds")

STORE_ERRORS = (psycopg.Error, EventLogError, OSError, TimeoutError)
"""What a store that is away for a while is noticed by."""

_BYTES_PER_EVENT = 100
"""A snapshot waits for so many events that storing it is a small part of folding them."""


class FoldHost:
    """Folds the log into one fold, continuing from its snapshot; every node runs one of each.

    Attributes:
        fold: What is kept.
        skipped: Events that this run went on without, because they could not be folded.
    """

    def __init__(
        self,
        log: EventLog,
        fold: Fold,
        snapshots: FoldSnapshots | None = None,
        *,
        every: int = 20_000,
        categories: frozenset[str] | None = None,
        look: float = 2.0,
        retry_after: float = 0.5,
    ) -> None:
        """Wire the host; nothing is folded until ``run``.

        Args:
            log: The log to fold.
            fold: The fold in its first state.
            snapshots: Where snapshots are kept; None: it always starts from position 0.
            every: Events between snapshots, at least; large ones are made less often.
            categories: The kinds of streams that concern the fold (``agent``); events of others
                may be unreadable. None: all of them concern it.
            look: Seconds between looks for a snapshot that was rebuilt elsewhere.
            retry_after: Seconds to wait when the store cannot be reached.
        """
        self.fold = fold
        self.skipped = 0
        self._log = log
        self._snapshots = snapshots
        self._every = every
        self._categories = categories
        self._look = look
        self._retry_after = retry_after
        self._progress = Progress()
        # One for all pages: going from one to the next need not mean that others could run.
        self._slices = Slices()
        self._generation = 0
        self._skips: set[int] = set()
        self._mending = False
        self._saved = 0
        self._next_save = every
        self._saving = False
        self._following = anyio.CancelScope()

    @property
    def position(self) -> int:
        """The last position folded."""
        return self._progress.position

    async def reached(self, position: int, timeout: float | None = None) -> bool:
        """Wait until a position is folded; False when ``timeout`` seconds passed first."""
        return await self._progress.reached(position, timeout)

    async def run(self) -> None:
        """Fold until cancelled; then leave a snapshot behind."""
        await self._start()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch)
                while True:
                    with anyio.CancelScope() as self._following:
                        await self._follow(tasks)
                    await self._take_over()
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(2):
                # Nobody saves any more, whether or not they came to begin with it.
                if self._snapshots is not None and self.position > self._saved:
                    await self._save(self.position, await self._copy(), self._generation)

    async def rebuild(self, fresh: Fold, moved: Callable[[int], None] = lambda _: None) -> int:
        """Fold the log from position 0 beside the live fold, and let every node take it over.

        Args:
            fresh: The same fold in its first state.
            moved: Told how far it has come, every now and then.

        Returns:
            The position of the rebuilt fold.

        Raises:
            FoldStopped: An event cannot be folded; the live fold stays as it is.
        """
        position = await refold(self._log, fresh, self._categories, moved=moved)
        if self._snapshots is not None:
            generation = await self._snapshots.generation(fresh.name, fresh.version)
            slices = Slices()
            pieces = await _listed(await slices.take(fresh.snapshot()), slices)
            stored = StoredFold(position, pieces, generation + 1)
            await self._snapshots.replace(fresh.name, fresh.version, stored)
            self._following.cancel()
        return position

    async def _follow(self, tasks: TaskGroup) -> None:
        while True:
            try:
                async with ReadAhead(self._log, self.position, self._log.feed.position) as past:
                    while events := await past.next():
                        await self._fold(events, tasks)
                subscription = Subscription(self._log, self.position)
                while True:
                    await self._fold(await subscription.next(), tasks)
            except STORE_ERRORS as error:
                log.warning("fold_waits_for_store", fold=self.fold.name, error=str(error))
                await asyncio.sleep(self._retry_after)

    async def _fold(self, events: Sequence[RecordedEvent], tasks: TaskGroup) -> None:
        fold, slices = self.fold, self._slices
        begin = fold.begin if isinstance(fold, SteppingFold) else fold.apply
        for event in events:
            if type(event.event) is Unreadable:
                if concerns(event, self._categories):
                    await self._skip(event, event.event.reason)
            else:
                try:
                    steps = begin(event)
                    if steps is not None:
                        await self._finish(steps, event.position)
                except Exception as error:  # noqa: BLE001 - whatever a fold's bug raises
                    await self._skip(event, f"{type(error).__name__}: {error}")
            if slices.over():
                self._progress.move(event.position)
                await slices.give_way()
        self._progress.move(events[-1].position)
        if self.position >= self._next_save and not self._saving:
            await self._begin_save(tasks)

    async def _finish(self, steps: Steps[None], position: int) -> None:
        """Fold the rest of an event; also when cancelled: a snapshot has all of it or nothing."""
        try:
            await self._slices.take(steps)
        finally:
            for _ in steps:
                pass
            self._progress.move(position)

    async def _skip(self, event: RecordedEvent, why: str) -> None:
        # As before every await: what a snapshot takes as folded is exactly what is.
        self._progress.move(event.position)
        self.skipped += 1
        if len(self._skips) >= MOST_SKIPS:
            return
        self._skips.add(event.position)
        log.error(
            "fold_skipped_event",
            fold=self.fold.name,
            position=event.position,
            stream=event.stream,
            topic=event.topic,
            reason=why,
        )
        if self._snapshots is not None:
            try:
                await self._snapshots.record_skip(self.fold.name, self.fold.version, event, why)
            except STORE_ERRORS as error:
                log.warning("fold_skip_not_recorded", fold=self.fold.name, error=str(error))

    async def _start(self) -> None:
        """Continue from the newest snapshot, if one fits and nothing need be missing from it."""
        stored = await self._newest()
        if stored is None:
            return
        if not await self._is_mended(stored):
            await self._restore(stored)
            return
        log.warning("fold_snapshot_mended", fold=self.fold.name, position=stored.position)
        # Folded from 0, and given to the others once it is as far as what they have.
        self._generation = stored.generation + 1
        self._mending = True
        self._saved, self._next_save = stored.position - 1, stored.position

    async def _take_over(self) -> None:
        """Go over to a snapshot of a newer generation."""
        stored = await self._newest()
        if stored is not None:
            await self._restore(stored)

    async def _watch(self) -> None:
        """Look whether the fold was rebuilt elsewhere."""
        if self._snapshots is None:
            return
        while True:
            await asyncio.sleep(self._look)
            try:
                newest = await self._snapshots.generation(self.fold.name, self.fold.version)
            except STORE_ERRORS:
                continue
            if newest > self._generation:
                self._following.cancel()

    async def _newest(self) -> StoredFold | None:
        """Return the newest snapshot of this log, however long the store is away."""
        if self._snapshots is None:
            return None
        while True:
            try:
                stored = await self._snapshots.load(self.fold.name, self.fold.version)
                head = (await self._log.head()).position
            except STORE_ERRORS as error:
                log.warning("fold_waits_for_store", fold=self.fold.name, error=str(error))
                await asyncio.sleep(self._retry_after)
                continue
            if stored is not None and stored.position > head:
                log.warning("fold_snapshot_from_elsewhere", fold=self.fold.name, head=head)
                self._generation = stored.generation
                return None
            return stored

    async def _is_mended(self, stored: StoredFold) -> bool:
        """Tell whether this program can read an event that is missing from a snapshot."""
        snapshots, topics = self._snapshots, self._log.mapper.topics
        assert snapshots is not None
        while True:
            try:
                for position, topic in await snapshots.unreadable(
                    self.fold.name, self.fold.version, stored.position
                ):
                    if topic in topics:
                        found = await self._log.read(position - 1, 1)
                        if found and type(found[0].event) is not Unreadable:
                            return True
            except STORE_ERRORS as error:
                log.warning("fold_waits_for_store", fold=self.fold.name, error=str(error))
                await asyncio.sleep(self._retry_after)
            else:
                return False

    async def _restore(self, stored: StoredFold) -> None:
        self._generation = stored.generation
        try:
            await self._slices.take(self.fold.restore(stored.pieces))
        except Exception as error:  # noqa: BLE001 - a snapshot is never worth a failure
            log.warning("fold_snapshot_unfit", fold=self.fold.name, error=str(error))
            return
        self._mending = False
        self._saved, self._next_save = stored.position, stored.position + self._every
        self._progress.move(stored.position)
        log.info("fold_restored", fold=self.fold.name, position=stored.position)

    async def _begin_save(self, tasks: TaskGroup) -> None:
        """Copy the fold, and have the copy stored while folding goes on."""
        if self._snapshots is None:
            return
        # By the one who folds, so that nothing is folded between the steps.
        position, generation = self.position, self._generation
        self._saving, self._next_save = True, position + self._every
        try:
            copy = await self._copy()
        except BaseException:
            self._saving = False
            raise
        tasks.start_soon(self._save, position, copy, generation)

    async def _copy(self) -> Iterator[bytes] | None:
        try:
            return await self._slices.take(self.fold.snapshot())
        except Exception as error:  # noqa: BLE001 - a failed snapshot never fails anything
            log.warning("fold_not_saved", fold=self.fold.name, error=str(error))
            return None

    async def _save(self, position: int, copy: Iterator[bytes] | None, generation: int) -> None:
        """Store a snapshot; a failure costs the next start some time."""
        name, version = self.fold.name, self.fold.version
        try:
            if self._snapshots is None or copy is None:
                return
            if await self._snapshots.generation(name, version) > generation:
                self._following.cancel()
                return
            stored = StoredFold(position, await _listed(copy, Slices()), generation)
            if self._mending:
                await self._snapshots.replace(name, version, stored, self._skips)
                self._mending = False
            else:
                await self._snapshots.save(name, version, stored)
            self._saved = max(self._saved, position)
            size = sum(len(piece) for piece in stored.pieces)
            self._next_save = max(self._next_save, position + size // _BYTES_PER_EVENT)
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("fold_not_saved", fold=name, error=str(error))
        finally:
            self._saving = False


async def _listed(pieces: Iterator[bytes], slices: Slices) -> list[bytes]:
    made: list[bytes] = []
    for piece in pieces:
        made.append(piece)
        if slices.over():
            await slices.give_way()
    return made
