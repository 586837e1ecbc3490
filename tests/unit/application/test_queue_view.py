"""What is told about the queue: keys come in pages that miss none; forecasts know of pauses."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.orchestration import queue_view
from aia_mas.application.orchestration.queue_view import QueueView
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.limits import KeyLimits
from aia_mas.domain.orchestration.pauses import PAUSES, DispatchPaused
from aia_mas.domain.orchestration.task_events import TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def with_limits(*keys: str) -> Dispatching:
    """The dispatcher's state when some keys have a limit."""
    state = Dispatching()
    for key in keys:
        state.queue.keys.set_limits(key, KeyLimits(key=key, max_concurrent=1))
    return state


async def test_a_full_last_page_is_the_last_one() -> None:
    state = with_limits("d", "b", "c", "a")
    view = QueueView(lambda: state, ManualClock(NOW))

    first, after = await view.keys(None, 2)
    second, end = await view.keys(after, 2)

    assert [each.key for each in first] == ["a", "b"]
    assert [each.key for each in second] == ["c", "d"]
    assert end is None


async def test_a_key_that_is_forgotten_meanwhile_ends_no_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = with_limits("a", "b", "c")
    view = QueueView(lambda: state, ManualClock(NOW))

    async def forgetful(work: Any, *args: Any) -> Any:
        state.queue.keys.set_limits("b", None)
        return work(*args)

    monkeypatch.setattr(queue_view, "to_thread", SimpleNamespace(run_sync=forgetful))
    views, after = await view.keys(None, 2)

    assert ([each.key for each in views], after) == (["a"], "b")
    rest, end = await view.keys(after, 2)
    assert ([each.key for each in rest], end) == (["c"], None)


def with_waiting(*types: str) -> Dispatching:
    """The state when tasks of these types wait for a key, and one ended each second of late."""
    state = Dispatching()
    for number, task_type in enumerate(types):
        spec = TaskSpecification(task_type=task_type, concurrency_key="k", concurrency_limit=9)
        submitted = TaskSubmitted(spec=spec, submitted_at=NOW, owner="o")
        state.apply(f"task/{number}", submitted)
    for seconds in range(-4, 0):
        state.figures.finished(NOW + timedelta(seconds=seconds))
        state.queue.keys.state("k").finished(NOW + timedelta(seconds=seconds))
    return state


def pause(state: Dispatching, task_type: str | None) -> None:
    state.apply(PAUSES, DispatchPaused(task_type=task_type, by="op", at=NOW))


def test_what_is_paused_is_not_forecast_to_drain() -> None:
    state = with_waiting("a", "a", "a", "b")
    view = QueueView(lambda: state, ManualClock(NOW))
    assert (view.figures().drain_seconds, view.figures().drain_unknown) == (4.0, None)

    pause(state, "a")
    assert (view.figures().paused, view.figures().drain_seconds) == (3, 1.0)

    pause(state, "b")
    assert (view.figures().drain_seconds, view.figures().drain_unknown) == (None, "paused")


async def test_while_the_fleet_is_paused_nothing_is_forecast_to_drain() -> None:
    state = with_waiting("a")
    view = QueueView(lambda: state, ManualClock(NOW))
    key = view.key("k")
    assert key is not None
    assert (key.drain_seconds, key.drain_unknown) == (1.0, None)

    pause(state, None)

    (listed,), _ = await view.keys(None, 9)
    for each in (view.figures(), view.key("k"), listed):
        assert each is not None
        assert (each.drain_seconds, each.drain_unknown) == (None, "paused")


def test_an_empty_queue_is_drained_also_while_it_is_paused() -> None:
    state = with_waiting()
    pause(state, None)

    figures = QueueView(lambda: state, ManualClock(NOW)).figures()

    assert (figures.drain_seconds, figures.drain_unknown) == (0.0, None)
