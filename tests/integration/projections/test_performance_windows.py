"""Figures by the hour: kept for a month, in rows that are used again."""

import psycopg

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.projections.agent_performance import beginning

from .performance_stories import Story, story


async def test_waiting_for_an_answer_is_no_work(database: str, log: PostgresEventLog) -> None:
    """Two questions, and a third that nobody answered before the result came."""
    async with story(database, log) as told:
        told.given("1", "a")
        told.started("1", "a")
        for _ in range(2):
            told.after(seconds=1)
            told.asked("1", "a")
            told.after(hours=2)
            told.answered("1", "a")
            await told.fold()
        told.after(seconds=1)
        told.asked("1", "a")
        told.after(hours=2)
        told.completed("1", "a")
        await told.fold()

        duration = (await told.of("a")).figures.duration

        assert (duration.mean_ms, duration.longest_ms) == (3_000, 3_000)


async def test_a_question_of_the_attempt_before_is_nothing_to_the_next(
    database: str, log: PostgresEventLog
) -> None:
    async with story(database, log) as told:
        told.given("1", "a")
        told.asked("1", "a")
        told.failed("1", "a")
        told.after(hours=1)
        told.given("1", "b")
        told.after(seconds=2)
        told.completed("1", "b")
        await told.fold()

        assert (await told.of("b")).figures.duration.mean_ms == 2_000


async def test_every_hour_of_the_last_thirty_days_is_known(
    database: str, log: PostgresEventLog
) -> None:
    async with story(database, log) as told:
        await work_every_hour(told, hours=30 * 24 + 1)

        month = await told.of("a", beginning("30d", told.now))
        week = await told.of("a", beginning("7d", told.now))

        assert month.figures.completed == 30 * 24 + 1
        assert week.figures.completed == 7 * 24 + 1


async def test_hours_that_are_too_old_give_their_rows_to_others(
    database: str, log: PostgresEventLog
) -> None:
    """However long an agent works, there is one row for each hour kept and one for all time."""
    async with story(database, log) as told:
        await work_every_hour(told, hours=40 * 24)

        ever, month = await told.of("a"), await told.of("a", beginning("30d", told.now))

        assert ever.figures.completed == 40 * 24
        assert month.figures.completed == 30 * 24 + 1
        assert month.figures.duration.mean_ms == 1_000
    assert await rows(database) == 30 * 24 + 2


async def test_an_hour_in_a_row_that_is_read_back_begins_at_nothing(
    database: str, log: PostgresEventLog
) -> None:
    """As one does in a row that the writer remembers."""
    async with story(database, log) as told:
        await work_every_hour(told, hours=1)
    async with story(database, log) as told:
        told.after(hours=30 * 24 + 1)
        told.given("later", "a")
        told.completed("later", "a")
        await told.fold()

        assert (await told.of("a", beginning("1h", told.now))).figures.completed == 1
        assert (await told.of("a")).figures.completed == 2


async def work_every_hour(told: Story, hours: int) -> None:
    for number in range(hours):
        told.given(str(number), "a")
        told.after(seconds=1)
        told.completed(str(number), "a")
        if number < hours - 1:
            told.after(seconds=3_599)
    await told.fold()


async def rows(database: str) -> int:
    async with await psycopg.AsyncConnection.connect(database) as connection:
        found = await (
            await connection.execute("select count(*) from agent_performance_v3")
        ).fetchone()
    assert found is not None
    return int(found[0])
