"""What is told about the queue: keys come in pages that miss none."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.orchestration import queue_view
from aia_mas.application.orchestration.queue_view import QueueView
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.limits import KeyLimits

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
