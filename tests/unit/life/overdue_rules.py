"""Attempts run out, or are given away anew: what comes late is refused, every place comes free."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from aia_mas.domain.orchestration import agent_commands as agents
from aia_mas.domain.orchestration import task_commands as tasks
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.domain.orchestration.task_status import TaskStatus

from .agent_rules import AgentRules
from .drawn import PICK
from .entries import Attempt, TaskEntry
from .node import OFFLINE
from .waiting import LATE
from .work_rules import ACTS, WorkRules

BEAT = 12.0
"""Seconds between two heartbeats: within the shortest lease."""
LONGEST = 60.0
"""Seconds; nobody waits for the end of an attempt that may take longer."""


class OverdueRules(WorkRules, AgentRules):
    """What becomes of attempts that nobody ends."""

    @rule(task=PICK, what=st.sampled_from(["forgets", "works", "is gone"]), pick=PICK)
    def an_attempt_runs_out(self, task: int, what: str, pick: int) -> None:
        """An agent starts a task, and forgets it, works on it for too long, or is gone."""
        entry = self.some_held(task, pick, lease=60.0 if what == "is gone" else 15.0)
        if entry is None:
            return
        if entry.status is TaskStatus.ASSIGNED:
            self.work(self.held().index(entry), "start", pick)
        attempt = entry.attempt
        if attempt is None or attempt.begun is None or attempt.asked is not None:
            return
        if what == "is gone":
            self.wait_for_the_end(entry, attempt, OFFLINE, pick, beats=False)
        elif what == "works" and entry.terms.timeout_seconds <= LONGEST:
            self.wait_for_the_end(entry, attempt, entry.terms.timeout_seconds, pick, names=True)
        else:
            self.wait_for_the_end(entry, attempt, attempt.seconds, pick)

    @rule(pick=PICK)
    def a_deadline_passes_while_it_is_worked_on(self, pick: int) -> None:
        spec = TaskSpecification(task_type="t", deadline=self.world.clock.now() + timedelta(0, 31))
        entry = self.submitted(spec, pick)
        if entry is not None and entry.attempt is not None:
            self.wait_for_the_end(entry, entry.attempt, 31.0, pick, names=True)

    @rule(task=PICK, what=st.sampled_from(sorted(ACTS)), pick=PICK)
    def a_lease_is_shown_after_the_task_was_given_again(
        self, task: int, what: str, pick: int
    ) -> None:
        entry = self.some_held(task, pick)
        before = None if entry is None else entry.attempt
        if entry is None or before is None:
            return
        self.do(tasks.ReassignTask(task_id=entry.task_id, exclude_current=False), pick)
        if entry.attempt is not None and entry.attempt is not before:
            self.show_what_is_over(before.lease, entry, entry.attempt.agent_id, what, pick)

    def some_held(self, task: int, pick: int, lease: float = 60.0) -> TaskEntry | None:
        """Return a task that an agent holds; if there is none, see to one (``lease``: seconds)."""
        if not self.held():
            # One attempt: what is not given back stays away, and no further attempt hides that.
            spec = TaskSpecification(
                task_type="t", lease_seconds=lease, timeout_seconds=40.0, max_attempts=1
            )
            self.submitted(spec, pick)
        held = self.held()
        return held[task % len(held)] if held else None

    def submitted(self, spec: TaskSpecification, pick: int) -> TaskEntry | None:
        """Submit a task, with an agent there that could take it."""
        able = Capabilities(max_concurrent_tasks=3)
        self.do(agents.PutAgent(agent_id="a1", capabilities=able), pick)
        self.do(agents.ActivateAgent(agent_id="a1"), pick)
        task_id = self.world.new_task()
        self.do(tasks.SubmitTask(task_id=task_id, spec=spec, owner="p"), pick)
        return self.world.books.tasks.get(task_id)

    def wait_for_the_end(
        self,
        entry: TaskEntry,
        attempt: Attempt,
        seconds: float,
        pick: int,
        *,
        beats: bool = True,
        names: bool = False,
    ) -> None:
        """Let time pass until an attempt should be over (``names``: its agent works on it).

        Whether it is, a new leader that grants it more time included, the world checks.
        """
        left = seconds + LATE
        while left > 0.0 and entry.attempt is attempt:
            if beats:
                self.beat(attempt.agent_id, names, pick)
            self.world.step(min(left, BEAT))
            left -= BEAT
