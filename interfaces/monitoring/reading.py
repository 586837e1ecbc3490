"""What is read of a node at one moment, so that the rest can be done beside its event loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from aia_mas.application.communication.reading import BridgeReading, MessageReading
from aia_mas.application.event_log.commit_counts import CommitCounts
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN
from aia_mas.interfaces.monitoring.http_counts import HttpCounts, RouteCounts
from aia_mas.projections.durations import Durations
from aia_mas.projections.economy.figures import EconomicSummary
from aia_mas.projections.metrics_figures import Metrics

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


class Reading(NamedTuple):
    """A node at one moment.

    Attributes:
        metrics: The figures of the whole system.
        durations: Of queue waits and the like, in full.
        requests: HTTP requests by method and route.
        connections: Open WebSockets.
        subscriptions: What they subscribe to.
        commits: What the committer has done.
        waiting_commands: Commands waiting to be committed.
        position: The last position of the log that the node knows.
        pool: Figures of the connections to PostgreSQL, by psycopg's names.
        leads: What nodes lead -> whether this one does.
        presence: Whether signs of life are shared with other nodes.
        draining: Whether it takes no more commands.
        policy_failures: How often policies failed, by name; those of users that never did as well.
        deliveries: Deliveries to endpoints by how they ended, on this node.
        pings: The same of pings.
        posted: The same of messages that were sent to endpoints.
        endpoints: How many endpoints are enabled, and how many disabled.
        economy: The figures of the economy.
        orders: How many orders wait for the settlement, by kind.
        messages: Messages in numbers.
        bridge: What the bridge to Redis has done; nothing where there is none.
    """

    metrics: Metrics
    durations: Mapping[str, Durations]
    requests: Mapping[tuple[str, str], RouteCounts]
    connections: int
    subscriptions: int
    commits: CommitCounts
    waiting_commands: int
    position: int
    pool: Mapping[str, int]
    leads: Mapping[str, bool]
    presence: bool
    draining: bool
    policy_failures: Mapping[str, int]
    deliveries: Mapping[str, int]
    pings: Mapping[str, int]
    posted: Mapping[str, int]
    endpoints: Mapping[str, int]
    economy: EconomicSummary
    orders: Mapping[str, int]
    messages: MessageReading
    bridge: BridgeReading


def read(system: System, requests: HttpCounts) -> Reading:
    """Read a node; takes about a millisecond."""
    projections, hub = system.projections, system.hub
    held = {lease.name for lease in system.leases.held}
    names = {*system.processes, *projections.lease_names, *held}
    return Reading(
        metrics=projections.system_metrics(system.clock.now()),
        durations=projections.metrics.durations(),
        requests=requests.copy(),
        connections=len(hub.connections),
        subscriptions=sum(len(connection.subscriptions) for connection in hub.connections),
        commits=system.log.committer.counts.copy(),
        waiting_commands=system.log.committer.waiting,
        position=system.log.feed.position,
        pool=system.stores.pool_figures(),
        leads={name: name in held for name in sorted(names)},
        presence=system.presence.available,
        draining=system.draining,
        policy_failures=_policy_failures(system),
        deliveries=dict(system.webhooks.deliveries.outcomes),
        pings=dict(system.webhooks.pings.outcomes),
        posted=dict(system.communication.webhooks.outcomes),
        endpoints=dict(
            zip(("enabled", "disabled"), system.webhooks.fold.state.count(), strict=True)
        ),
        economy=projections.economy.summary(system.clock.now()),
        orders=system.economy.open_orders(),
        messages=system.communication.reading(),
        bridge=system.communication.bridged() or BridgeReading(),
    )


def _policy_failures(system: System) -> dict[str, int]:
    users = (name for name in system.policies if name not in BUILT_IN)
    failed = {name: each.times for name, each in system.dispatcher.failures().items()}
    return dict.fromkeys(users, 0) | failed
