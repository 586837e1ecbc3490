"""Keeps a fold in memory: from its last snapshot on, along the log, a slice at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import anyio
import anyio.to_thread
import psycopg
import structlog
from anyio.abc import TaskGroup

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.fold import Fold, concerns
from aia_mas.application.event_log.fold_snapshots import FoldSnapshots, StoredFold
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.progress import Progress
from aia_mas.application.event_log.read_ahead import ReadAhead
from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.application.event_log.refolding import refold
from aia_mas.application.event_log.slices import Slices
from aia_mas.application.event_log.subscription import Subscription

log = structlog.stdlib.get_logger("aia.event_log.folds")

STORE_ERRORS = (psycopg.Error, EventLogError, OSError, TimeoutError)
"""What a store that is away for a while is noticed by."""

_REPORTED_SKIPS = 1_000


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
        retry_after: float = 0.5,
    ) -> None:
        """Wire the host; nothing is folded until ``run``.

        Args:
            log: The log to fold.
            fold: The fold in its first state.
            snapshots: Where snapshots are kept; None: it always starts from position 0.
            every: Events between snapshots.
            categories: The kinds of streams that concern the fold (``agent``); events of others
                may be unreadable. None: all of them concern it.
            retry_after: Seconds to wait when the store cannot be reached.
        """
        self.fold = fold
        self.skipped = 0
        self._log = log
        self._snapshots = snapshots
        self._every = every
        self._categories = categories
        self._retry_after = retry_after
        self._progress = Progress()
        # One for all pages: going from one to the next need not mean that others could run.
        self._slices = Slices()
        self._generation = 0
        self._saved = 0
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
        await self._restore()
        try:
            async with anyio.create_task_group() as tasks:
                while True:
                    with anyio.CancelScope() as self._following:
                        await self._follow(tasks)
                    await self._restore()
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(2):
                await self._save()

    async def rebuild(self, fresh: Fold) -> int:
        """Fold the log from position 0 beside the live fold, and let every node take it over.

        Args:
            fresh: The same fold in its first state.

        Returns:
            The position of the rebuilt fold.

        Raises:
            FoldStopped: An event cannot be folded; the live fold stays as it is.
        """
        position = await refold(self._log, fresh, self._categories)
        if self._snapshots is not None:
            generation = await self._snapshots.generation(fresh.name, fresh.version)
            stored = StoredFold(position, await _encoded(fresh), generation + 1)
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
        apply, slices = self.fold.apply, self._slices
        for event in events:
            if type(event.event) is Unreadable:
                if concerns(event, self._categories):
                    await self._skip(event, event.event.reason)
            else:
                try:
                    apply(event)
                except Exception as error:  # noqa: BLE001 - whatever a fold's bug raises
                    await self._skip(event, f"{type(error).__name__}: {error}")
            if slices.over():
                self._progress.move(event.position)
                await slices.give_way()
        self._progress.move(events[-1].position)
        if self.position - self._saved >= self._every and not self._saving:
            tasks.start_soon(self._save)

    async def _skip(self, event: RecordedEvent, why: str) -> None:
        # As before every await: what a snapshot takes as folded is exactly what is.
        self._progress.move(event.position)
        self.skipped += 1
        if self.skipped > _REPORTED_SKIPS:
            return
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

    async def _newest(self, snapshots: FoldSnapshots) -> tuple[StoredFold | None, int]:
        """Return the newest snapshot and the head of the log, however long the store is away."""
        while True:
            try:
                stored = await snapshots.load(self.fold.name, self.fold.version)
                return stored, (await self._log.head()).position
            except STORE_ERRORS as error:
                log.warning("fold_waits_for_store", fold=self.fold.name, error=str(error))
                await asyncio.sleep(self._retry_after)

    async def _restore(self) -> None:
        """Continue from the newest snapshot, if one fits."""
        if self._snapshots is None:
            return
        stored, head = await self._newest(self._snapshots)
        if stored is None:
            return
        self._generation = stored.generation
        if stored.position > head:
            log.warning("fold_snapshot_from_elsewhere", fold=self.fold.name, head=head)
            return
        try:
            self.fold.restore(stored.state)
        except Exception as error:  # noqa: BLE001 - a snapshot is never worth a failure
            log.warning("fold_snapshot_unfit", fold=self.fold.name, error=str(error))
            return
        self._saved = stored.position
        self._progress.move(stored.position)
        log.info("fold_restored", fold=self.fold.name, position=stored.position)

    async def _save(self) -> None:
        """Store a snapshot of what is folded now; a failure costs the next start some time."""
        name, version, position = self.fold.name, self.fold.version, self.position
        if self._snapshots is None or self._saving or position == self._saved:
            return
        self._saving = True
        try:
            # Nothing is awaited between reading the position and copying the state.
            snapshot = self.fold.snapshot()
            if await self._snapshots.generation(name, version) > self._generation:
                self._following.cancel()
                return
            state = await _encode(snapshot)
            await self._snapshots.save(name, version, StoredFold(position, state, self._generation))
            self._saved = position
        except Exception as error:  # noqa: BLE001 - a failed snapshot never fails anything
            log.warning("fold_not_saved", fold=name, error=str(error))
            self._saved = position  # not again at once
        finally:
            self._saving = False


async def _encoded(fold: Fold) -> bytes:
    return await _encode(fold.snapshot())


async def _encode(snapshot: bytes | Callable[[], bytes]) -> bytes:
    if isinstance(snapshot, bytes):
        return snapshot
    # In a thread, because encoding a large state takes longer than the event loop may be held.
    return await anyio.to_thread.run_sync(snapshot)
