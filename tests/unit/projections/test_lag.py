"""How far something is behind: the events, and since when the first of them waits."""

from datetime import UTC, datetime, timedelta

from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.projections.lag import lag_of
from aia_mas.projections.metrics_figures import Lag

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fed(*ages: float) -> Feed:
    feed = Feed()
    feed.start(10)
    for position, age in enumerate(ages, 11):
        at = NOW - timedelta(seconds=age)
        feed.publish([RecordedEvent(position, "s", 1, "t", None, at, "c", "a", None, None)])
    return feed


def test_what_is_at_the_end_or_ahead_of_this_node_is_not_behind() -> None:
    feed = fed(9.0)
    assert lag_of("x", "view", 11, feed, NOW) == Lag("x", "view", 11, 0, 0.0)
    assert lag_of("x", "table", 12, feed, NOW) == Lag("x", "table", 12, 0, 0.0)


def test_time_counts_from_the_first_event_that_is_missing() -> None:
    assert lag_of("x", "view", 11, fed(9.0, 4.5, 1.0), NOW) == Lag("x", "view", 11, 2, 4.5)


def test_of_what_the_node_no_longer_holds_the_time_is_a_lower_bound() -> None:
    feed = fed(9.0)
    assert lag_of("x", "table", 0, feed, NOW) == Lag("x", "table", 0, 11, 9.0)
    assert lag_of("x", "table", 0, fed(), NOW) == Lag("x", "table", 0, 10, 0.0)


def test_a_clock_behind_the_log_s_makes_no_negative_time() -> None:
    assert lag_of("x", "view", 10, fed(-3.0), NOW).seconds == 0.0
