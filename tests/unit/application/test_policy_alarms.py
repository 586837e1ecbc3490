"""The log tells of policies that fail: at once, and then not every time."""

from typing import Any

import pytest
from structlog.testing import CapturingLogger

from aia_mas.application.processes import policy_alarms
from aia_mas.application.processes.policy_alarms import QUIET, PolicyAlarms
from aia_mas.domain.orchestration.fleet import Grounds
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.scoring.failures import PolicyFailure


class Watch:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at


def planned(task_id: str, failure: PolicyFailure | None) -> PlannedAssignment:
    grounds = Grounds("scored", 0, 0, (), failure)
    return PlannedAssignment(task_id, 1, "a", 60.0, 0, 0.0, 1, grounds)


def test_the_same_failure_is_told_once_a_minute_and_another_one_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not by the library's own configuration: a node that ran before may have fixed the loggers.
    told = CapturingLogger()
    monkeypatch.setattr(policy_alarms, "log", told)
    clock: Any = Watch()
    alarms = PolicyAlarms(clock)
    first = PolicyFailure(policy="p", error="ValueError: no")
    other = PolicyFailure(policy="p", error="KeyError: 'x'")
    alarms.look_at(planned("fine", None))
    for task_id in ("t1", "t2", "t3"):
        alarms.look_at(planned(task_id, first))
    alarms.look_at(planned("t4", other))
    clock.at += QUIET
    alarms.look_at(planned("t5", other))

    lines = [
        (*call.args, *(call.kwargs[name] for name in ("task_id", "error", "unreported")))
        for call in told.calls
    ]
    assert lines == [
        ("policy_failed", "t1", "ValueError: no", 0),
        ("policy_failed", "t4", "KeyError: 'x'", 2),
        ("policy_failed", "t5", "KeyError: 'x'", 0),
    ]
