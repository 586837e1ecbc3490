"""A program's task specification becomes the same command as one that comes over HTTP."""

from datetime import UTC, datetime

import pytest

from aia.agents.task import TaskSpecification
from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.task_specification import CostPolicy

SETTINGS = Settings()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_retry_policy_and_a_cost_policy_are_taken_over() -> None:
    retry = {"max_attempts": 7, "base_seconds": 2.0, "non_retryable_codes": ["bad_input"]}
    task = TaskSpecification(task_type="t", retry=retry, cost_policy="refuse", max_cost="2.5")

    spec = task.submission(SETTINGS, NOW, "alice").spec

    assert (spec.max_attempts, spec.backoff_base_seconds, spec.backoff_factor) == (7, 2.0, 2.0)
    assert spec.non_retryable_codes == ("bad_input",)
    assert (spec.cost_policy, spec.max_cost) == (CostPolicy.REFUSE, 25 * 10**17)


def test_what_is_left_out_is_as_configured() -> None:
    spec = TaskSpecification(task_type="t").submission(SETTINGS, NOW, "alice").spec
    assert spec.max_attempts == SETTINGS.task_max_attempts
    assert (spec.cost_policy, spec.backoff_jitter) == (CostPolicy.FLAG, 0.5)


@pytest.mark.parametrize("retry", [{"max_attempts": 0}, {"max_attempts": "many"}, {"forever": 1}])
def test_a_policy_that_makes_no_sense_is_refused(retry: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        TaskSpecification(task_type="t", retry=retry).submission(SETTINGS, NOW, "alice")
