"""Whether this node lives, is ready for work, and how its parts are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
import psycopg
from litestar import Controller, get
from msgspec import UNSET, UnsetType
from psycopg_pool import PoolTimeout

from aia_mas import __version__
from aia_mas.application.event_log.errors import EventLogError
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.errors import RequestRefused
from aia_mas.interfaces.http.paths import OPERATIONS
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.security import authenticate, authorize, bearer_token
from aia_mas.projections.status import ReadModelStatus

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

DETAILS = "get_health_details"
"""What it takes on the list of permissions to see the parts of a node."""

_PATIENCE = 2.0
_FAILURES = (psycopg.Error, PoolTimeout, OSError, TimeoutError, EventLogError)


class NotReady(RequestRefused):
    """This node takes no work now."""

    code = "not_ready"


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part (``kind``: embedded or external; ``detail``: what is wrong)."""

    status: Literal["ok", "unavailable", "not_configured"]
    kind: str = ""
    detail: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a node is; without a token that may read the log, only the first three.

    Attributes:
        status: ok, degraded (it works, but not all of it), draining or unavailable.
        mode: development (no keys: everybody is admin, loopback only) or production.
        version: The program's.
        node: The node's name.
        store_id: The event log's identity.
        epoch: Which history positions belong to; another one after a restore.
        position: The last position of the log that this node knows.
        waiting_commands: Commands waiting to be committed.
        database: PostgreSQL.
        redis: Redis or Valkey; without it PostgreSQL carries presence, and each node counts the
            requests of a caller for itself.
        wakeups: What makes this node look for what others have committed: redis (and PostgreSQL's
            notifications beside it), listen (those alone), or poll (neither now: it looks every
            second).
        projections: The read models and how far behind they are.
        leaders: Process -> the node that leads it.
        warnings: What was noticed in the settings at the start.
    """

    status: Literal["ok", "degraded", "draining", "unavailable"]
    mode: Literal["development", "production"]
    version: str
    node: str | UnsetType = UNSET
    store_id: str | UnsetType = UNSET
    epoch: str | UnsetType = UNSET
    position: int | UnsetType = UNSET
    waiting_commands: int | UnsetType = UNSET
    database: Part | UnsetType = UNSET
    redis: Part | UnsetType = UNSET
    wakeups: Literal["redis", "listen", "poll"] | UnsetType = UNSET
    projections: list[ReadModelStatus] | UnsetType = UNSET
    leaders: dict[str, str] | UnsetType = UNSET
    warnings: tuple[str, ...] | UnsetType = UNSET


class Life(msgspec.Struct, frozen=True):
    """The event loop runs."""

    status: Literal["live", "ready"]


class Checks(Controller):
    """For supervisors, load balancers and people."""

    path = f"{OPERATIONS}/health"
    tags = ("operations",)

    @get("/", operation_id="get_health")
    async def get_health(self, request: ApiRequest) -> Answer[Health]:
        """Return how this node is; 503 when it can do nothing.

        How its parts are is told to those who may read the log (and in development mode).
        """
        detailed = _may_see_details(request)
        health = await health_of(request.system)
        shown = (
            health
            if detailed
            else Health(status=health.status, mode=health.mode, version=health.version)
        )
        if health.status == "unavailable":
            error = NotReady(health.database.detail if health.database else None)
            error.facts["health"] = msgspec.to_builtins(shown)
            raise error
        return answer(shown)

    @get("/live", operation_id="get_liveness")
    async def get_liveness(self) -> Answer[Life]:
        """Answer as long as the process can; restart it when it does not."""
        return answer(Life("live"))

    @get("/ready", operation_id="get_readiness")
    async def get_readiness(self, request: ApiRequest) -> Answer[Life]:
        """Answer 200 while this node takes commands and can answer queries, else 503.

        After its start that is once every read model has caught up with the log; one that has
        stopped is a matter for people (`GET /mas/health`), and keeps no node from working.
        """
        system = request.system
        if system.draining:
            raise NotReady("This node is stopping")
        if (database := await _database(system)).status != "ok":
            raise NotReady(database.detail)
        if names := system.projections.behind:
            await _check_caught_up(system, names)
        return answer(Life("ready"))


async def _check_caught_up(system: System, names: Sequence[str]) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            models = await system.projections.status()
    except _FAILURES as error:
        raise NotReady(_words(error)) from None
    behind = [model for model in models if model.name in names and not model.stopped]
    if behind:
        refusal = NotReady(", ".join(f"{one.name} is {one.lag} events behind" for one in behind))
        refusal.facts["behind"] = [model.name for model in behind]
        raise refusal


def _may_see_details(request: ApiRequest) -> bool:
    """Tell whether the parts of a node are shown, with names of machines and words of errors.

    Raises:
        Unauthenticated: A token was given, and is none.
    """
    settings = request.system.settings
    given = request.header(b"authorization")
    if given is None or settings.development:
        return settings.development
    principal = request.exchange.principal = authenticate(bearer_token(given), settings)
    try:
        authorize(DETAILS, principal)
    except PermissionDenied:
        return False
    return True


async def health_of(system: System) -> Health:
    """Look at all parts of a node; takes a few seconds at most."""
    database = await _database(system)
    redis = _redis(system)
    projections: list[ReadModelStatus] = []
    leaders: dict[str, str] = {}
    if database.status == "ok":
        try:
            async with asyncio.timeout(_PATIENCE):
                projections = await system.projections.status()
                leaders = await system.stores.leaders()
        except _FAILURES as error:
            database = Part(status="unavailable", kind=database.kind, detail=_words(error))
    status: Literal["ok", "degraded", "draining", "unavailable"] = "ok"
    if system.draining:
        status = "draining"
    elif database.status != "ok":
        status = "unavailable"
    elif (
        redis.status == "unavailable"
        or not system.presence.available
        or any(model.stopped or model.parked for model in projections)
    ):
        status = "degraded"
    return Health(
        status=status,
        mode="development" if system.settings.development else "production",
        version=__version__,
        node=system.name,
        store_id=str(system.log.store_id),
        epoch=str(system.log.epoch),
        position=system.log.feed.position,
        waiting_commands=system.log.committer.waiting,
        database=database,
        redis=redis,
        wakeups=_wakeups(system),
        projections=projections,
        leaders=leaders,
        warnings=system.settings.warnings,
    )


async def _database(system: System) -> Part:
    stores = system.stores
    try:
        async with asyncio.timeout(_PATIENCE):
            try:
                await stores.check()
            except psycopg.OperationalError:
                # That connection was cut, which says nothing about the next one.
                await stores.check()
    except _FAILURES as error:
        return Part(status="unavailable", kind=stores.kind, detail=_words(error))
    return Part(status="ok", kind=stores.kind)


def _redis(system: System) -> Part:
    if system.settings.redis is None:
        return Part(status="not_configured")
    # Presence and wake-ups know of an outage within seconds, the limiter at the first request.
    away = [] if system.presence.available else ["signs of life are not shared"]
    if system.limiter is not None and not system.limiter.shared:
        away.append("requests are counted by this node alone")
    if system.stores.wakeups is not None and not system.stores.wakeups.available:
        away.append("nodes are woken by PostgreSQL alone")
    return Part(status="unavailable" if away else "ok", detail="; ".join(away))


def _wakeups(system: System) -> Literal["redis", "listen", "poll"] | UnsetType:
    if system.stores.kind == "memory":
        return UNSET
    if system.stores.wakeups is not None and system.stores.wakeups.available:
        return "redis"
    return "listen" if system.log.contact.holds("listen") else "poll"


def _words(error: BaseException) -> str:
    """Return what may be told about an error to anybody: connection strings may hold secrets."""
    return (
        "the database does not answer"
        if isinstance(error, TimeoutError)
        else ("the database cannot be reached")
    )
