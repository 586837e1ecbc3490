"""Series of the system metrics: no gaps, never too many points, alike for every step."""

from datetime import timedelta
from random import Random

import pytest

from aia_mas.domain.orchestration.agent_events import AgentCameOnline
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.projections.metrics_history import MOST_POINTS, Span, TooManyPoints
from aia_mas.projections.metrics_rollup import DAY, HOUR, MINUTE

from .metrics_stories import START, Story


def test_there_is_a_point_for_every_minute() -> None:
    story = Story().agent("a").submit("1").submit("2").after(seconds=30).assign("1")
    story.after(minutes=3).complete("1")
    points = story.points()

    assert [point.at.minute for point in points] == [0, 1, 2, 3]
    first, *quiet, last = points
    assert (first.events, first.submitted, first.assigned, first.mean_wait_ms) == (4, 2, 1, 30_000)
    assert (first.queue_depth, first.active_tasks, first.places, first.places_in_use) == (
        1,
        1,
        1,
        1,
    )
    assert (first.agents, first.agents_online) == (1, 1)
    for point in quiet:
        assert (point.events, point.queue_depth, point.active_tasks) == (0, 1, 1)
        assert (point.mean_wait_ms, point.p95_wait_ms, point.mean_execution_ms) == (None,) * 3
    assert (last.completed, last.mean_execution_ms, last.active_tasks) == (1, 180_000, 0)
    assert last.p95_execution_ms == 180_000


def test_quiet_minutes_up_to_now_are_shown_and_none_of_the_future() -> None:
    story = Story().agent("a").submit("1").after(minutes=3)
    assert [point.queue_depth for point in story.points(until=START + timedelta(days=9))] == [1] * 4


def test_a_series_can_be_cut_out() -> None:
    story = Story().agent("a")
    for _ in range(5):
        story.after(minutes=1).tell("agent/a", AgentCameOnline(at=START))
    since, until = START + timedelta(minutes=1, seconds=30), START + timedelta(minutes=4)

    assert [point.at.minute for point in story.points(None, since, until)] == [1, 2, 3]
    assert story.points(since=START + timedelta(days=1)) == []
    assert story.points(until=START - timedelta(days=1)) == []


def test_points_of_any_step_hold_the_same_events_and_end_alike() -> None:
    story, random = Story().agent("a", 5), Random(1)
    for number in range(300):
        story.after(seconds=random.randrange(1, 400)).submit(str(number)).assign(str(number))
        story.after(seconds=random.randrange(1, 60))
        if number % 3:
            story.complete(str(number))
        else:
            story.fail(str(number), TaskStatus.DEAD)

    for step in (MINUTE * 5, MINUTE * 15, HOUR, HOUR * 6, DAY):
        points = story.points(step)
        assert {point.at.timestamp() * 1000 % step for point in points} == {0}
        completed = sum(point.completed for point in points)
        assert sum(point.submitted for point in points) == 300, step
        assert (completed, sum(point.dead for point in points)) == (200, 100)
        worked = sum((point.mean_execution_ms or 0) * point.completed for point in points)
        assert worked / completed == pytest.approx(
            story.metrics.current().execution.mean, abs=len(points)
        )
        last = points[-1]
        assert (last.queue_depth, last.active_tasks, last.places) == (0, 0, 5)


def test_percentiles_of_a_kept_width_are_those_of_all_in_it() -> None:
    story = Story().agent("a", 9)
    for minute in range(20):
        for number in range(5):
            name = f"{minute}-{number}"
            story.submit(name).after(seconds=minute).assign(name).complete(name)
        story.after(minutes=1)
    (hour,) = (point for point in story.points(HOUR) if point.assigned == 100)
    assert 18_000 <= (hour.p95_wait_ms or 0) <= 18_000 * 9 / 8 + 1
    # Of several minutes it is the largest of theirs, which is never too small.
    longest = max(point.p95_wait_ms or 0 for point in story.points(MINUTE))
    assert max(point.p95_wait_ms or 0 for point in story.points(5 * MINUTE)) == longest


def test_a_day_of_minutes_a_month_of_hours_and_a_year_of_days_are_kept() -> None:
    story = Story().agent("a")
    for number in range(400 * 4):
        story.after(hours=6).submit(str(number))
    minutes, hours, days = (rollup.buckets for rollup in story.metrics._fold.state.rollups)

    assert (len(minutes), len(hours), len(days)) == (5, 31 * 4 + 1, 367)
    points = story.points(DAY)
    assert [point.submitted for point in points] == [4] * 366 + [points[-1].submitted]
    assert points[-1].queue_depth == 400 * 4


def test_a_step_that_is_too_fine_is_refused_and_one_left_out_fits() -> None:
    story = Story()
    for _ in range(3 * 24):
        story.after(hours=1).agent("a")
    since = story.now - timedelta(minutes=MOST_POINTS)

    with pytest.raises(TooManyPoints):
        story.points(MINUTE, since)
    assert len(story.points(MINUTE, since + timedelta(minutes=1))) == MOST_POINTS
    assert len(story.points(MINUTE)) == MOST_POINTS  # as far back as it may
    chosen = story.metrics.history(Span(since=since), story.now)
    assert (chosen.step, len(chosen.points)) == (5 * MINUTE, 201)
    whole = story.metrics.history(Span(), story.now)
    assert (whole.step, len(whole.points)) == (HOUR, 72)
    ages = story.metrics.history(Span(since=START - timedelta(days=9_000)), story.now)
    assert (ages.step, sum(point.events for point in ages.points)) == (DAY, 72)


def test_the_hour_that_is_not_over_holds_its_minutes() -> None:
    story = Story().agent("a")
    for name in "123":
        story.submit(name).after(minutes=10)
    (hour,) = story.points(HOUR)
    assert (hour.submitted, hour.queue_depth) == (3, 3)
    assert story.points(HOUR) == [hour]


def test_a_young_history_goes_by_minutes_however_late_in_the_day_it_began() -> None:
    story = Story().after(hours=11, minutes=30).agent("a").after(minutes=2)
    whole = story.metrics.history(Span(), story.now)
    assert (whole.step, len(whole.points)) == (MINUTE, 3)

    story.after(hours=30)
    aged = story.metrics.history(Span(), story.now)
    assert (aged.step, len(aged.points)) == (HOUR, 31)
