"""Where a node keeps what it knows: all that depends on PostgreSQL and Redis, behind one port."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Literal, Protocol

import anyio

from aia_mas.application import registry
from aia_mas.application.clock import Clock
from aia_mas.application.database import Database, open_database
from aia_mas.application.engine.snapshots import PostgresSnapshots, Snapshots
from aia_mas.application.event_handlers.store import HandlerStore, PostgresHandlers
from aia_mas.application.event_log.committer import Committer
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.fold_snapshots import FoldSnapshots, PostgresFoldSnapshots
from aia_mas.application.event_log.leases import Lease, LeaseKeeper
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.postgres_log import Limits, PostgresEventLog
from aia_mas.application.event_log.records import Head
from aia_mas.application.event_log.redis_wakeups import RedisWakeups
from aia_mas.application.maintenance import Maintenance
from aia_mas.application.migrations import migrate
from aia_mas.application.presence import PostgresPresence, PresenceStore, RedisPresence, ReportStore
from aia_mas.application.rate_limits import Limiter
from aia_mas.application.settings import Settings
from aia_mas.application.webhooks.store import PostgresWebhooks, WebhookStore
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.interfaces.process_folds import PROCESS_FOLDS
from aia_mas.interfaces.shared_stores import limiter, presence_store, wakeups
from aia_mas.projections.host import ProjectionHost
from aia_mas.projections.read_models import ReadModels
from aia_mas.projections.registry import READ_MODELS

_ANSWERS_WITHIN = 0.5
"""Seconds that the store has for an answer, at least, before it counts as away."""


class NodeLog(EventLog, Protocol):
    """An event log as a node uses it.

    Attributes:
        committer: Writes the batches.
        contact: Whether the store can be reached.
    """

    committer: Committer
    contact: Contact

    async def drain(self) -> None:
        """Take no new requests and wait until all queued ones are answered."""
        ...

    async def give_up(self) -> None:
        """Tell all who wait for the store that they do so in vain, and all who will."""
        ...


class SignsOfLife(PresenceStore, ReportStore, Protocol):
    """Where nodes share signs of life and reports."""


class Leases(Protocol):
    """What a node leads; see ``LeaseKeeper``."""

    @property
    def held(self) -> tuple[Lease, ...]:
        """The leases that this node holds."""
        ...

    async def lead(self, name: str, work: Callable[[Lease], Awaitable[None]]) -> None:
        """Run ``work`` whenever this node holds the lease, for ever."""
        ...


class Stores(Protocol):
    """All the places where a node keeps something.

    Attributes:
        kind: What the database is.
        log: The event log, running.
        leases: What this node leads.
        signs_of_life: Presence.
        limiter: Counts the requests of each caller; None: there is no limit.
        wakeups: Wakes the other nodes and is woken by them, beside PostgreSQL; None: nothing does.
        states: Snapshots of long streams.
        folds: Snapshots of folds; None: they are folded from position 0.
        webhooks: The master secret of endpoints, and how deliveries went.
        handlers: How far handlers of events are.
        exchange_seconds: How often signs of life go to and fro.
    """

    @property
    def kind(self) -> Literal["embedded", "external", "memory"]: ...  # noqa: D102
    @property
    def log(self) -> NodeLog: ...  # noqa: D102
    @property
    def leases(self) -> Leases: ...  # noqa: D102
    @property
    def signs_of_life(self) -> SignsOfLife: ...  # noqa: D102
    @property
    def limiter(self) -> Limiter | None: ...  # noqa: D102
    @property
    def wakeups(self) -> RedisWakeups | None: ...  # noqa: D102
    @property
    def states(self) -> Snapshots: ...  # noqa: D102
    @property
    def folds(self) -> FoldSnapshots | None: ...  # noqa: D102
    @property
    def webhooks(self) -> WebhookStore: ...  # noqa: D102
    @property
    def handlers(self) -> HandlerStore: ...  # noqa: D102
    @property
    def exchange_seconds(self) -> float: ...  # noqa: D102

    def read_models(self, folded: Mapping[str, FoldHost], tiers: Tiers) -> ReadModels:
        """Return the read models.

        Args:
            folded: Views that somebody else runs, by name.
            tiers: Which stake makes which tier.
        """
        ...

    async def keep_house(self) -> None:
        """Do what is to be done now and then, until cancelled."""
        ...

    async def check(self) -> None:
        """Ask the database for a sign of life; raises what is wrong with it."""
        ...

    async def give_up(self) -> None:
        """Have nobody wait for the database, here or later: the node stops without it."""
        ...

    async def leaders(self) -> dict[str, str]:
        """Return which node leads what."""
        ...

    def pool_figures(self) -> Mapping[str, int]:
        """Return figures of the connections to the database, by psycopg's names."""
        ...


class OpenStores(Protocol):
    """Opens stores, to be closed by the stack."""

    async def __call__(
        self, settings: Settings, name: str, clock: Clock, stack: AsyncExitStack
    ) -> Stores:
        """Open (``name``: that of the node; ``clock``: its)."""
        ...


_LEADERS = "select name, holder from leases where expires_at > clock_timestamp() order by name"


class PostgresStores:
    """PostgreSQL, and Redis where it is configured; see ``Stores``."""

    exchange_seconds = 0.5

    def __init__(
        self,
        settings: Settings,
        database: Database,
        log: PostgresEventLog,
        name: str,
        clock: Clock,
        stack: AsyncExitStack,
    ) -> None:
        """Wire them (``log``: running; ``name``: of the node; ``stack``: closes what is opened)."""
        self.kind: Literal["embedded", "external"]
        self.kind = "external" if database.embedded is None else "embedded"
        self.database = database
        self.log = log
        self.leases = LeaseKeeper(
            log.pool,
            log.store_id,
            f"{name}:{secrets.token_hex(4)}",
            seconds=settings.leader_lease_seconds,
            renew_every=settings.leader_lease_seconds / 4,
        )
        self.limiter = limiter(settings, log, stack)
        self.wakeups = wakeups(settings, log, stack)
        self.signs_of_life: PostgresPresence | RedisPresence = presence_store(settings, log, stack)
        self.states = PostgresSnapshots(log.pool, registry.STATES)
        self.folds = PostgresFoldSnapshots(log.pool, log.store_id)
        self.webhooks = PostgresWebhooks(log.pool)
        self.handlers = PostgresHandlers(log.pool)
        self._maintenance = Maintenance(log.pool, self.states, clock)

    def read_models(self, folded: Mapping[str, FoldHost], tiers: Tiers) -> ProjectionHost:
        """Return the read models; see ``Stores``."""
        models = (*READ_MODELS, *PROCESS_FOLDS)
        return ProjectionHost(self.log, self.leases, self.folds, models, folded, tiers)

    async def keep_house(self) -> None:
        """Write snapshots, forget what is past its time, and wake other nodes, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._maintenance.run)
            if self.wakeups is not None:
                tasks.start_soon(self.wakeups.run)

    async def check(self) -> None:
        """Ask PostgreSQL for a sign of life."""
        async with self.log.pool.connection() as connection:
            await connection.execute("select 1")

    async def give_up(self) -> None:
        """Have nobody wait for PostgreSQL; see ``Stores``."""
        if self.database.embedded is not None and self.log.contact.whole:
            # It is there: what died would be seen to have ended.
            self.database.embedded.abandon()
        await self.log.give_up()

    async def leaders(self) -> dict[str, str]:
        """Return which node leads what."""
        async with self.log.pool.connection() as connection:
            rows = await (await connection.execute(_LEADERS)).fetchall()
        return dict(rows)

    def pool_figures(self) -> Mapping[str, int]:
        """Return figures of the connections, by psycopg's names."""
        return self.log.pool.get_stats()


async def open_postgres(
    settings: Settings, name: str, clock: Clock, stack: AsyncExitStack
) -> PostgresStores:
    """Open the database that the settings name, migrated, and its log, running."""
    database = await stack.enter_async_context(open_database(settings))
    await migrate(database.owner_url, program_role=database.program_role)
    log = PostgresEventLog(
        database.url,
        registry.event_mapper(),
        limits=Limits(
            settings.max_waiting_commands,
            settings.max_waiting_bytes,
            settings.database_pool_size,
            settings.database_timeout_seconds,
        ),
    )
    await stack.enter_async_context(log.running())
    return PostgresStores(settings, database, log, name, clock, stack)


async def answers(log: NodeLog, deadline: float) -> bool:
    """Tell whether the store answers: a line to it may be broken that is soon made again.

    Args:
        log: Whose store.
        deadline: Until when to wait while no line is broken (it may be busy, or hang), by the
            time of anyio.
    """
    asking = asyncio.ensure_future(log.head())
    left = deadline - anyio.current_time() if log.contact.whole else 0.0
    # Not cancelled: a query that is has to be ended first, by a server that may not answer.
    await asyncio.wait({asking}, timeout=max(left, _ANSWERS_WITHIN))
    asking.add_done_callback(_heard)
    return asking.done() and asking.exception() is None


def _heard(asking: asyncio.Future[Head]) -> None:
    """Take note of what came of a question; nobody else may want to know."""
    if not asking.cancelled():
        asking.exception()
