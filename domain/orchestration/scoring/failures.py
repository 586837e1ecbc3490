"""Policies of users that failed: what went wrong, told in the event, and counted from the log."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

MAX_ERROR: Final = 300
"""Characters of an error that are kept."""
MAX_POLICIES: Final = 100
"""Policies whose failures are remembered; the one that failed the longest ago goes first."""


class PolicyFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that should have chosen and could not; the default one chose in its place.

    Attributes:
        policy: Its name.
        error: What it raised, and where; or that nobody knows it.
    """

    policy: str
    error: str


class FailedPolicy(NamedTuple):
    """How often a policy failed, by the log, and how it did last.

    Attributes:
        times: How often, ever.
        error: What it raised last.
        task_id: For which task.
        at: When, milliseconds since the epoch.
    """

    times: int
    error: str
    task_id: str
    at: int


def failure_of(policy: str, error: Exception) -> PolicyFailure:
    """Return the failure of a policy that raised an error."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - it may fail at this as well
        text = type(error).__name__
    where = _place_of(error)
    # What is stored can hold no control characters and no halves of characters.
    shown = "".join(each if each.isprintable() else " " for each in text[: MAX_ERROR - len(where)])
    return PolicyFailure(policy=policy, error=shown + where)


def unknown(policy: str) -> PolicyFailure:
    """Return the failure of a policy that the node which chose does not know."""
    return PolicyFailure(policy=policy, error="not registered on the node that chose")


class PolicyFailures:
    """What is known of policies that failed: a fold of assignments.

    Attributes:
        by_policy: By name, the one that failed last at the end.
    """

    def __init__(self, by_policy: dict[str, FailedPolicy] | None = None) -> None:
        """Start with what was known before."""
        self.by_policy = by_policy or {}

    def note(self, failure: PolicyFailure, task_id: str, at: int) -> None:
        """Count one (``at``: milliseconds since the epoch)."""
        before = self.by_policy.pop(failure.policy, None)
        times = 1 if before is None else before.times + 1
        self.by_policy[failure.policy] = FailedPolicy(times, failure.error, task_id, at)
        if len(self.by_policy) > MAX_POLICIES:
            del self.by_policy[next(iter(self.by_policy))]


def _place_of(error: Exception) -> str:
    """Return the line that raised, as far as it is a user's: `` (file.py:12)``."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_globals.get("__name__") == _CHOOSING:
        return ""
    file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f" ({file[-60:]}:{trace.tb_lineno})" if file.isprintable() else ""


_CHOOSING = "aia_mas.domain.orchestration.scoring.policies"
