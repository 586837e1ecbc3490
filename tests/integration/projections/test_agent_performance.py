"""How agents perform: outcomes, durations, quality, cost and streaks, by type and over time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskAssigned,
    TaskCancelled,
    TaskExpired,
    TaskRated,
    TaskReleased,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
    Usage,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections.agent_performance import AgentPerformances, Streak, beginning
from aia_mas.projections.checkpoint_writer import CheckpointWriter, FoldFailed
from aia_mas.projections.performance_fold import AGENT_PERFORMANCE
from aia_mas.projections.table import Derived, Projection

from .conftest import Pen, contents, runner, running
from .histories import World
from .performance_stories import START, TOKEN, Story, story


async def test_outcomes_and_durations(database: str, log: PostgresEventLog) -> None:
    async with story(database, log) as told:
        for name in ("1", "2", "3", "4", "5", "6", "7"):
            told.given(name, "a")
        told.after(seconds=5)
        told.tell("1", TaskStarted(agent_id="a", attempt=1, lease="L", started_at=START))
        told.after(seconds=2)
        told.completed("1", "a")
        told.completed("2", "a")
        await told.fold()
        told.failed("3", "a")
        over: Any = {"agent_id": "a", "attempt": 1}
        told.tell(
            "4",
            TaskReleased(
                **over,
                reason=ReleaseReason.LEASE_EXPIRED,
                outcome=TaskStatus.DEAD,
                released_at=START,
            ),
        )
        told.tell("5", TaskCancelled(**over, by="o", at=START))
        told.tell("6", TaskExpired(**over, at=START))
        told.tell(
            "0",
            TaskSubmitted(spec=TaskSpecification(task_type="t"), submitted_at=START, owner="o"),
            TaskCancelled(by="o", at=START),
        )
        await told.fold()

        figures = (await told.of("a")).figures

        assert figures.assigned == 7
        assert (figures.completed, figures.failed, figures.released, figures.lost) == (2, 1, 1, 1)
        assert (figures.cancelled, figures.expired, figures.success_rate) == (1, 1, 0.5)
        duration = figures.duration
        # 2 s from its start, and 7 s from its assignment: it was never started.
        assert (duration.mean_ms, duration.longest_ms) == (4_500, 7_000)
        assert duration.p50_ms is not None
        assert 2_000 <= duration.p50_ms <= 2_250
        assert duration.p95_ms == 7_000


async def test_quality_as_rated_stands_apart_from_the_agent_s_own(
    database: str, log: PostgresEventLog
) -> None:
    async with story(database, log) as told:
        for name, own in (("1", 1.0), ("2", 0.9), ("3", None)):
            told.given(name, "a")
            told.completed(name, "a", quality=own)
        await told.fold()
        told.tell("1", TaskRated(agent_id="a", attempt=1, rating=0.2, by="o", at=START))
        await told.fold()

        figures = (await told.of("a")).figures

        assert (figures.quality.count, figures.quality.mean) == (1, 0.2)
        assert (figures.own_quality.count, figures.own_quality.mean) == (2, 0.95)


async def test_cost_is_compared_with_the_price(database: str, log: PostgresEventLog) -> None:
    async with story(database, log) as told:
        for name, usage in (
            ("1", Usage(cost=3 * TOKEN)),
            ("2", Usage(cost=TOKEN // 2)),
            ("3", None),
            ("4", Usage(tokens_in=7)),
        ):
            told.given(name, "a", price=2 * TOKEN)
            told.completed(name, "a", usage=usage)
            await told.fold()

        cost = (await told.of("a")).figures.cost

        assert (cost.count, cost.actual, cost.estimated) == (2, "3.5", "4")
        assert (cost.ratio, cost.above_estimate) == (0.875, 1)


async def test_streaks(database: str, log: PostgresEventLog) -> None:
    async with story(database, log) as told:
        assert (await told.of("a")).streak == Streak(outcome=None, length=0, longest_completed=0)
        seen = []
        for number, outcome in enumerate("ccfffc"):
            told.given(str(number), "a")
            (told.completed if outcome == "c" else told.failed)(str(number), "a")
            await told.fold()
            streak = (await told.of("a")).streak
            seen.append((streak.outcome, streak.length, streak.longest_completed))

        assert seen == [
            ("completed", 1, 1),
            ("completed", 2, 2),
            ("failed", 1, 2),
            ("failed", 2, 2),
            ("failed", 3, 2),
            ("completed", 1, 2),
        ]


@pytest.mark.parametrize(
    ("reason", "begun"),
    [
        (ReleaseReason.REASSIGNED, True),
        (ReleaseReason.AGENT_SUSPENDED, False),
        (ReleaseReason.NOT_STARTED, False),
        (ReleaseReason.AGENT_OFFLINE, False),
    ],
)
async def test_what_it_did_not_lose_itself_spoils_no_record(
    database: str, log: PostgresEventLog, reason: ReleaseReason, begun: bool
) -> None:
    async with story(database, log) as told:
        for name in ("1", "2"):
            told.given(name, "a")
        told.completed("1", "a")
        told.tell(
            "2",
            TaskReleased(
                agent_id="a",
                attempt=1,
                reason=reason,
                outcome=TaskStatus.QUEUED,
                begun=begun,
                released_at=START,
            ),
        )
        await told.fold()

        figures, _, streak, _ = await told.of("a")

        assert (figures.released, figures.lost, figures.success_rate) == (1, 0, 1.0)
        assert streak == Streak(outcome="completed", length=1, longest_completed=1)


async def test_by_type_and_within_a_window(database: str, log: PostgresEventLog) -> None:
    async with story(database, log) as told:
        for name, kind, hours in (("1", "x/y", 0), ("2", "x/y", 0), ("3", "z", 3), ("4", "z", 1)):
            told.after(hours=hours)
            told.given(name, "a", kind)
            told.completed(name, "a")
        told.given("5", "b", "z")
        await told.fold()
        now = START + timedelta(hours=4)

        ever = await told.of("a")
        recent = await told.of("a", beginning("1h", now))
        one_type = await told.of("a", None, "z")
        nobody = await told.of("nobody", beginning("24h", now))

        assert [(each.task_type, each.completed) for each in ever.by_type] == [("x/y", 2), ("z", 2)]
        assert ever.figures.completed == 4
        assert [(each.task_type, each.completed) for each in recent.by_type] == [("z", 2)]
        assert (one_type.figures.completed, len(one_type.by_type)) == (2, 1)
        assert (nobody.figures.assigned, nobody.by_type) == (0, [])
        assert nobody.figures.duration.p95_ms is None
        assert nobody.position == ever.position


def test_windows_begin_with_a_full_hour() -> None:
    assert beginning("1h", START) == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert beginning("24h", START) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert beginning("7d", START) == datetime(2026, 2, 22, 12, tzinfo=UTC)
    assert beginning("30d", START) == datetime(2026, 1, 30, 12, tzinfo=UTC)
    assert beginning("all", START) is None


async def test_only_the_types_with_most_attempts_are_shown(
    database: str, log: PostgresEventLog
) -> None:
    async with story(database, log) as told:
        for number in range(60):
            told.given(str(number), "a", f"type-{number:02d}")
        told.given("again", "a", "type-59")
        await told.fold()

        found = await told.of("a")

        assert found.figures.assigned == 61
        assert len(found.by_type) == 50
        assert (found.by_type[0].task_type, found.by_type[1].task_type) == ("type-59", "type-00")


async def test_small_batches_and_large_ones_make_the_same_rows(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """Rows that follow from rows are read, remembered and forgotten like all others."""
    performance = runner(log, database, AGENT_PERFORMANCE)
    async with running(performance.run):
        for step in World(3).history(150):
            head = await pen.write_all([step])
        assert await performance.progress.reached(head, 30.0)
    await they_are_the_rows_of_a_rebuild(database, log)


async def test_who_takes_over_counts_on(database: str, log: PostgresEventLog, pen: Pen) -> None:
    """It remembers no rows, and reads them as they were stored."""
    steps = list(World(3).history(150))
    for part in (steps[:50], steps[50:100], steps[100:]):
        performance = runner(log, database, AGENT_PERFORMANCE)
        async with running(performance.run):
            assert await performance.progress.reached(await pen.write_all(part), 30.0)
    await they_are_the_rows_of_a_rebuild(database, log)


async def they_are_the_rows_of_a_rebuild(database: str, log: PostgresEventLog) -> None:
    """Fold the whole log at once beside what stands there, and compare."""
    live = await contents(database, AGENT_PERFORMANCE)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("select begin_rebuild(%s)", (AGENT_PERFORMANCE.key,))
        whole = CheckpointWriter(AGENT_PERFORMANCE, connection, build="_rebuild")
        await whole.open()
        await whole.write(await log.read(0, limit=10_000))

    assert await contents(database, AGENT_PERFORMANCE, "_rebuild") == live


async def test_what_nothing_can_be_derived_from_is_named(
    database: str, log: PostgresEventLog
) -> None:
    """So that its stream alone is parked, as with any other fold."""

    def derive(_row: Any, event: RecordedEvent) -> list[Any]:
        if event.stream == "task/2":
            raise ValueError(event.stream)
        return []

    broken = Projection(
        AGENT_PERFORMANCE.name,
        AGENT_PERFORMANCE.version,
        AGENT_PERFORMANCE.tables,
        AGENT_PERFORMANCE.categories,
        derived=(Derived(2, 0, {TaskAssigned}, derive),),
    )
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        writer = CheckpointWriter(broken, connection)
        await writer.open()
        told = Story(writer, AgentPerformances(log.pool))
        told.given("1", "a")
        told.given("2", "a")
        with pytest.raises(FoldFailed) as failed:
            await told.fold()

    assert failed.value.index == 3
    assert isinstance(failed.value.reason, ValueError)
