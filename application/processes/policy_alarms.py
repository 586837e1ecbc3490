"""Says in the log of the node that leads when a policy of a user fails, and not every time."""

from __future__ import annotations

import structlog

from aia_mas.application.clock import Clock
from aia_mas.domain.orchestration.planning import PlannedAssignment

log = structlog.stdlib.get_logger("aia.policies")

QUIET: float = 60.0
"""Seconds in which the same failure is not told again."""


class PolicyAlarms:
    """Looks at assignments for policies that failed; tells of each once a minute."""

    def __init__(self, clock: Clock) -> None:
        """Measure the minutes by a clock."""
        self._clock = clock
        # By policy: when it was told of, what it raised, and how often it has failed since.
        self._told: dict[str, tuple[float, str, int]] = {}

    def look_at(self, planned: PlannedAssignment) -> None:
        """Tell of the failure behind an assignment, if there is one."""
        failure = planned.grounds.failure
        if failure is None:
            return
        now = self._clock.monotonic()
        at, error, more = self._told.get(failure.policy, (float("-inf"), "", 0))
        if error == failure.error and now - at < QUIET:
            self._told[failure.policy] = at, error, more + 1
            return
        self._told[failure.policy] = now, failure.error, 0
        log.warning(
            "policy_failed",
            policy=failure.policy,
            error=failure.error,
            task_id=planned.task_id,
            unreported=more,
        )
