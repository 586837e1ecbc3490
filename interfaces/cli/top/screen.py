"""A live view drawn for a terminal of any size from 80x24."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aia_mas.interfaces.cli.remote.following import line_of
from aia_mas.interfaces.cli.remote.tables import table
from aia_mas.interfaces.cli.remote.words import age, lasting, milliseconds, plain, share, tokens

if TYPE_CHECKING:
    from aia.client.types import EconomicSummary, Metrics, Pool, PresentAgent, Task
    from aia_mas.interfaces.cli.top.picture import Picture

_BAR = 20
_TASKS = ("TASK", "TYPE", "STATUS", "AGENT", ">TRY", ">DONE", "SINCE")
_AGENTS = ("AGENT", "STATUS", "ONLINE", ">TASKS", ">DONE", ">SUCCESS", ">PRICE")
_LAGS = 3
_TOKEN, _POOL = "AIA", "rewards"


def draw(picture: Picture, width: int, height: int, note: str = "q quits") -> RenderableType:
    """Return the view; it fills the height and never more than that.

    Args:
        picture: What to show.
        width: Of the terminal, columns.
        height: Of the terminal, lines.
        note: What the last line says.
    """
    head = [_cut(line, width) for line in _head(picture)]
    room = max(height - len(head) - 5, 3)  # three headings, an empty line and the last one
    tasks, agents = room * 2 // 5, room // 4
    events = room - tasks - agents
    return Group(
        *head,
        Text(),
        _filled(table(_TASKS, map(_task, picture.tasks[:tasks])), tasks, width),
        _filled(table(_AGENTS, map(_agent, picture.agents[:agents])), agents, width),
        Text("EVENTS", style="bold"),
        *_events(picture, events, width),
        _cut(Text(picture.trouble or note, style="red" if picture.trouble else "dim"), width),
    )


def _head(picture: Picture) -> Iterator[Text]:
    health, metrics = picture.health, picture.metrics
    status = "connecting" if health is None else health.status
    yield Text.assemble(
        ("mas top ", "bold"),
        plain(picture.url),
        "  ",
        (plain(status), "green" if status == "ok" else "yellow"),
        f"  {'' if health is None else plain(health.mode)}",
        f"  position {'-' if metrics is None else metrics.as_of}",
        f"  {datetime.now(UTC):%H:%M:%SZ}",
    )
    if metrics is not None:
        yield from figures(metrics)
    if picture.economy is not None:
        yield money(picture.economy)


def figures(metrics: Metrics) -> Iterator[Text]:
    """Return the figures of the system, a line for each subject."""
    agents, tasks, minute = metrics.agents, metrics.tasks, metrics.throughput.windows.get("1m")
    yield _line(
        "Agents",
        f"{agents.registered} registered, {agents.online} online, {agents.busy} busy",
        f"places {_bar(agents.utilization)} {agents.in_use}/{agents.places}",
    )
    yield _line(
        "Tasks",
        f"{tasks.queue_depth} waiting, {tasks.active} in hand, {tasks.completed} completed",
        f"{tasks.failed} failed, {share(tasks.success_rate)} success",
    )
    if minute is not None:
        yield _line(
            "Per min",
            f"{minute.submitted_per_minute:.0f} submitted",
            f"{minute.completed_per_minute:.0f} completed",
            f"{minute.failed_per_minute:.0f} failed",
        )
    waiting, execution = metrics.recent_waiting, metrics.recent_execution
    yield _line(
        "Times",
        f"waiting p50 {milliseconds(waiting.p50)}, p95 {milliseconds(waiting.p95)}",
        f"work p50 {milliseconds(execution.p50)}, p95 {milliseconds(execution.p95)}",
    )
    behind = sorted((each for each in metrics.lag if each.events), key=lambda each: -each.seconds)
    told = [f"{each.name} {each.events} events, {each.seconds:.1f} s" for each in behind[:_LAGS]]
    yield _line("Behind", "; ".join(told) or "nothing")


def money(economy: EconomicSummary) -> Text:
    """Return where the tokens are that work is paid in, and how long its rewards last."""
    where, pool = economy.tokens[_TOKEN], _pool(economy)
    runway = None if pool is None else pool.runway_seconds
    lasts = "nothing paid of it" if runway is None else f"lasts {lasting(runway)}"
    return _line(
        "Tokens",
        f"{tokens(where.supply)} {_TOKEN}",
        f"{tokens(where.staked)} staked ({share(where.staked_share)})",
        f"reward pool {'-' if pool is None else tokens(pool.balance)}, {lasts}",
    )


def _pool(economy: EconomicSummary) -> Pool | None:
    return next((pool for pool in economy.pools if pool.name == _POOL), None)


def _line(name: str, *parts: str) -> Text:
    return Text.assemble((f"{name:<8}", "bold"), "   ".join(parts))


def _bar(utilization: float | None) -> str:
    filled = round(min(utilization or 0.0, 1.0) * _BAR)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}]"


def _task(task: Task) -> tuple[object, ...]:
    progress = task.progress
    percent = None if progress is None else progress.percent
    since = task.started_at or task.assigned_at
    return (
        task.task_id[-12:],
        task.task_type,
        task.status,
        task.agent_id,
        task.attempt,
        "-" if percent is None else f"{percent:.0f}%",
        age(since),
    )


def _agent(agent: PresentAgent) -> tuple[object, ...]:
    return (
        agent.agent_id,
        agent.status,
        "online" if agent.online else "offline",
        f"{agent.active_tasks}/{agent.max_concurrent_tasks}",
        agent.completed,
        share(agent.success_rate),
        agent.cost_per_task,
    )


def _events(picture: Picture, rows: int, width: int) -> Iterator[Text]:
    latest = list(picture.events)[-rows:]
    for update in latest:
        task_id = getattr(update, "task_id", "")
        yield _cut(Text(line_of(update, task_id[-12:] or str(update.agent_id))), width)
    for _ in range(rows - len(latest)):
        yield Text()


def _filled(made: Table, rows: int, width: int) -> Table:
    """Return a table of exactly so many rows."""
    made.width = width
    for _ in range(rows - made.row_count):
        made.add_row()
    return made


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    text.no_wrap = True
    return text


def summary(picture: Picture) -> str:
    """Return how things stand in one line, for where there is no terminal."""
    metrics = picture.metrics
    if metrics is None:
        return picture.trouble or "connecting"
    agents, tasks, minute = metrics.agents, metrics.tasks, metrics.throughput.windows["1m"]
    lag = max((each.seconds for each in metrics.lag), default=0.0)
    pool = None if picture.economy is None else _pool(picture.economy)
    return (
        f"{datetime.now(UTC):%H:%M:%SZ}"
        f"  agents {agents.online}/{agents.registered}"
        f"  places {agents.in_use}/{agents.places}"
        f"  waiting {tasks.queue_depth}"
        f"  in hand {tasks.active}"
        f"  completed {tasks.completed}"
        f"  failed {tasks.failed}"
        f"  per minute {minute.completed_per_minute:.0f}"
        f"  behind {lasting(lag)}"
        f"{'' if pool is None else f'  reward pool {tokens(pool.balance)} {_TOKEN}'}"
        f"{f'  TROUBLE: {plain(picture.trouble)}' if picture.trouble else ''}"
    )
