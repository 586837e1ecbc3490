"""A reading as Prometheus' metric families: conventional names, base units, bounded labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import HistogramMetricFamily, Metric

from aia_mas import __version__
from aia_mas.application.event_log.batch import Status
from aia_mas.application.histogram import Histogram
from aia_mas.interfaces.monitoring.making import PREFIX, counter, counters, gauge, gauges
from aia_mas.interfaces.monitoring.reading import Reading
from aia_mas.projections.durations import Durations

_DOUBLINGS = 22
"""Durations are told up to 2**22 ms, 70 minutes; what takes longer is in the last bucket."""
_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


def families(reading: Reading) -> Iterator[Metric]:
    """Yield all families of a reading."""
    yield from _node(reading)
    yield from _agents(reading)
    yield from _tasks(reading)
    yield from _webhooks(reading)
    yield from _log(reading)
    yield from _http(reading)
    yield from _pool(reading)


def _node(reading: Reading) -> Iterator[Metric]:
    yield gauges("build_info", "The program's version", ["version"], [([__version__], 1)])
    yield gauge("draining", "1 while the node takes no more commands", reading.draining)
    yield gauge("presence_available", "1 while signs of life are shared", reading.presence)
    leads = [([name], leads) for name, leads in reading.leads.items()]
    yield gauges("leader", "1 where this node leads a process or projection", ["process"], leads)
    lags, labels = reading.metrics.lag, ["projection", "kind"]
    yield gauges(
        "projection_lag_events",
        "Events that a projection, or what a process decides on, is behind the log",
        labels,
        [([lag.name, lag.kind], lag.events) for lag in lags],
    )
    yield gauges(
        "projection_lag_seconds",
        "Age of the first of these events",
        labels,
        [([lag.name, lag.kind], lag.seconds) for lag in lags],
    )
    yield gauge("websocket_connections", "Open WebSockets", reading.connections)
    yield gauge("websocket_subscriptions", "What these follow", reading.subscriptions)


def _agents(reading: Reading) -> Iterator[Metric]:
    agents = reading.metrics.agents
    statuses = [([status], count) for status, count in agents.by_status.items()]
    yield gauges("agents", "Agents by status", ["status"], statuses)
    yield gauge("agents_online", "Registered agents whose heartbeats arrive", agents.online)
    yield gauge("agents_available", "Active agents online", agents.available)
    yield gauge("agents_with_room", "Those of them with a place free", agents.with_room)
    yield gauge("agent_places", "Tasks that available agents take at once", agents.places)
    yield gauge("agent_places_in_use", "Tasks that these hold", agents.in_use)


def _tasks(reading: Reading) -> Iterator[Metric]:
    tasks, durations = reading.metrics.tasks, reading.durations
    standing = [
        ([priority, status], count)
        for priority, statuses in tasks.by_priority.items()
        for status, count in statuses.items()
    ]
    yield gauges("tasks", "Tasks by priority and status", ["priority", "status"], standing)
    yield counter("tasks_submitted", "Tasks submitted", tasks.submitted)
    yield counter("tasks_retried", "Tasks tried again by hand", tasks.retried)
    yield counter("task_assignments", "Attempts given to agents", durations["waiting"].count)
    yield counters(
        "task_attempts",
        "Attempts that are over",
        ["outcome"],
        [
            (["completed"], durations["execution"].count),
            (["failed"], tasks.failed_attempts),
            (["released"], tasks.released_attempts),
        ],
    )
    yield counter(
        "task_attempts_requeued", "Attempts followed by another one", tasks.requeued_attempts
    )
    yield counters(
        "policy_failures",
        "Assignments that a user's policy should have decided and failed at",
        ["policy"],
        [([name], count) for name, count in reading.policy_failures.items()],
    )
    for name, text, key in (
        ("task_queue_wait_seconds", "From being queued to being assigned", "waiting"),
        ("task_execution_seconds", "From being started to being completed", "execution"),
        ("task_duration_seconds", "From being submitted to being completed", "total"),
    ):
        yield _durations(name, text, durations[key])


def _webhooks(reading: Reading) -> Iterator[Metric]:
    states = [([state], count) for state, count in reading.endpoints.items()]
    yield gauges("webhook_endpoints", "Agents with an endpoint", ["state"], states)
    for name, text, counts in (
        ("webhook_deliveries", "Tasks sent to endpoints by this node", reading.deliveries),
        ("webhook_pings", "Pings sent to endpoints by this node", reading.pings),
        ("webhook_messages", "Messages sent to endpoints by this node", reading.posted),
    ):
        outcomes = [([outcome], count) for outcome, count in sorted(counts.items())]
        yield counters(name, text, ["outcome"], outcomes)


def _log(reading: Reading) -> Iterator[Metric]:
    commits = reading.commits
    answers = [
        ([status.name.lower()], count)
        for status, count in zip(Status, commits.answers, strict=True)
    ]
    yield gauge("event_log_position", "Last position that this node knows", reading.position)
    yield counter("event_log_appended_events", "Events stored by this node", commits.events)
    yield counters(
        "event_log_append_requests",
        "Requests to append that were answered",
        ["outcome"],
        [*answers, (["unavailable"], commits.failed)],
    )
    yield gauge(
        "event_log_queued_requests", "Requests to append not answered yet", reading.waiting_commands
    )
    yield _histogram("event_log_commit_seconds", "From sent to answered", [([], commits.seconds)])
    yield _histogram(
        "event_log_batch_requests", "Requests committed together", [([], commits.requests)]
    )


def _http(reading: Reading) -> Iterator[Metric]:
    rows = sorted(reading.requests.items())
    counts = [
        ([method, route, status], count)
        for (method, route), row in rows
        for status, count in zip(_CLASSES, row.classes, strict=True)
        if count
    ]
    labels = ["method", "route", "status"]
    yield counters("http_requests", "Requests that are over", labels, counts)
    yield _histogram(
        "http_request_duration_seconds",
        "From the first byte of a request to its end",
        [([method, route], row.seconds) for (method, route), row in rows],
        ["method", "route"],
    )


def _pool(reading: Reading) -> Iterator[Metric]:
    pool = reading.pool
    size, free = pool.get("pool_size", 0), pool.get("pool_available", 0)
    yield gauges(
        "postgres_pool_connections",
        "Connections of the pool",
        ["state"],
        [(["idle"], free), (["used"], size - free)],
    )
    yield gauge("postgres_pool_limit", "Connections, at most", pool.get("pool_max", 0))
    yield gauge(
        "postgres_pool_waiting", "Who waits for a connection", pool.get("requests_waiting", 0)
    )
    yield counter("postgres_pool_requests", "Connections asked for", pool.get("requests_num", 0))
    yield counter(
        "postgres_pool_timeouts", "Waits that were in vain", pool.get("requests_errors", 0)
    )
    yield counter(
        "postgres_pool_wait_seconds",
        "Time spent waiting for a connection",
        pool.get("requests_wait_ms", 0) / 1000,
    )


def _durations(name: str, text: str, durations: Durations) -> Metric:
    """Return a histogram whose bounds are ones that the durations know exactly, (2**n - 1) ms."""
    family = HistogramMetricFamily(PREFIX + name, text)
    buckets = [(str(bound / 1000), count) for bound, count in durations.doublings(_DOUBLINGS)]
    family.add_metric([], [*buckets, ("+Inf", durations.count)], durations.total / 1000)
    return family


def _histogram(
    name: str,
    text: str,
    rows: Iterable[tuple[Sequence[str], Histogram]],
    labels: Sequence[str] = (),
) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, text, labels=labels)
    for values, row in rows:
        count, buckets = 0, []
        for bound, more in zip((*row.bounds, float("inf")), row.counts, strict=True):
            count += more
            buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), count))
        family.add_metric(values, buckets, row.total)
    return family
