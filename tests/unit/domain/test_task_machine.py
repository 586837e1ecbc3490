"""Any order of commands on one task keeps its promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aia_mas.domain.kernel import Context, Decision, Event, Principal
from aia_mas.domain.orchestration import agent, task
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentWentOffline
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import (
    AskForInput,
    Assignment,
    AssignTask,
    CancelTask,
    CompleteTask,
    ExpireTask,
    FailTask,
    GiveInput,
    RateTask,
    ReassignTask,
    RecordProgress,
    ReleaseTask,
    ReprioritiseTask,
    RetryTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_ending import cancel_task, expire_task, release_task
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskInputGiven,
    TaskInputRequested,
    TaskProgressed,
    TaskRated,
    TaskReprioritised,
    TaskRequeued,
    TaskResultRefused,
)
from aia_mas.domain.orchestration.task_execution import (
    complete_task,
    fail_task,
    record_progress,
    start_task,
)
from aia_mas.domain.orchestration.task_input import ask_for_input, give_input
from aia_mas.domain.orchestration.task_rating import rate_task
from aia_mas.domain.orchestration.task_specification import Priority, TaskSpecification
from aia_mas.domain.orchestration.task_status import (
    BEFORE_ITS_START,
    BEGUN,
    BY_THE_CLOCK,
    LIVE,
    ReleaseReason,
    TaskStatus,
)
from aia_mas.domain.orchestration.task_steering import reassign_task, reprioritise_task
from aia_mas.domain.orchestration.task_submission import assign_task, retry_task, submit_task

NOW = datetime(2026, 1, 2, tzinfo=UTC)
AGENTS = ("a1", "a2")
ONLINE = agent.evolve(
    None, AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
)
OFFLINE = agent.evolve(ONLINE, AgentWentOffline(at=NOW))
ENDED = frozenset(TaskStatus) - LIVE - {TaskStatus.QUEUED}
BY_AGENT: dict[type, Callable[[Any, Any, Context], Decision]] = {
    StartTask: start_task,
    RecordProgress: record_progress,
    CompleteTask: complete_task,
    FailTask: fail_task,
    AskForInput: ask_for_input,
}
SAYS = {AskForInput: {"question": "q"}}


class TaskLife(RuleBasedStateMachine):
    """One task, any commands, and what an onlooker may rely on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.state: task.TaskState | None = None
        self.log: list[Event] = []
        self.leases: list[tuple[str, str]] = []
        self.live: tuple[str, str] | None = None
        self.open_question: int | None = None

    @initialize(
        max_attempts=st.integers(1, 3),
        deadline=st.sampled_from([None, 50.0, 100_000.0]),
        agent_id=st.sampled_from([None, *AGENTS]),
    )
    def submit(self, max_attempts: int, deadline: float | None, agent_id: str | None) -> None:
        spec = TaskSpecification(
            task_type="t",
            max_attempts=max_attempts,
            deadline=None if deadline is None else NOW + timedelta(seconds=deadline),
        )
        assignment = None
        if agent_id is not None:
            assignment = Assignment(agent_id=agent_id, lease=self.new_lease(), lease_seconds=60.0)
        command = SubmitTask(task_id="t1", spec=spec, assignment=assignment)
        self.take(submit_task(None, ONLINE, command, self.ctx()))

    @rule(
        agent_id=st.sampled_from(AGENTS),
        ahead=st.sampled_from([0, 1, 1, 1, 2]),
        online=st.sampled_from([True, True, False]),
    )
    def assign(self, agent_id: str, ahead: int, online: bool) -> None:
        assert self.state is not None
        command = AssignTask(
            task_id="t1",
            attempt=self.state.attempt + ahead,
            agent_id=agent_id,
            lease=self.new_lease(),
            lease_seconds=60.0,
        )
        self.take(assign_task(self.state, ONLINE if online else OFFLINE, command, self.ctx()))

    @precondition(lambda self: self.live)
    @rule(kind=st.sampled_from(list(BY_AGENT)))
    def act_as_the_holder(self, kind: type) -> None:
        assert self.live is not None
        agent_id, lease = self.live
        command = kind(task_id="t1", agent_id=agent_id, lease=lease, **SAYS.get(kind, {}))
        decision = BY_AGENT[kind](self.state, command, self.ctx())
        assert decision.refusal is None
        self.take(decision)

    @rule(number=st.sampled_from([None, 1, 2]))
    def answer(self, number: int | None) -> None:
        command = GiveInput(task_id="t1", answer="a", number=number)
        decision = give_input(self.state, command, self.ctx())
        assert self.state is not None
        expected = self.open_question and number in (None, self.open_question)
        assert (decision.refusal is None) == bool(expected)
        self.take(decision)

    @rule(rating=st.sampled_from([0.0, 0.5, 1.0]))
    def rate(self, rating: float) -> None:
        self.take(rate_task(self.state, RateTask(task_id="t1", rating=rating), self.ctx()))

    @rule(priority=st.sampled_from(list(Priority)))
    def reprioritise(self, priority: Priority) -> None:
        command = ReprioritiseTask(task_id="t1", priority=priority)
        self.take(reprioritise_task(self.state, command, self.ctx()))

    @rule(exclude=st.booleans())
    def reassign(self, exclude: bool) -> None:
        assert self.state is not None
        command = ReassignTask(task_id="t1", exclude_current=exclude)
        spent, live = self.state.spent, self.state.live
        decision = reassign_task(self.state, command, self.ctx())
        assert (decision.refusal is None) == live
        self.take(decision)
        assert self.state.spent == spent

    @rule(
        kind=st.sampled_from(list(BY_AGENT)),
        agent_id=st.sampled_from(AGENTS),
        pick=st.integers(0, 30),
    )
    def act_with_any_other_lease(self, kind: type, agent_id: str, pick: int) -> None:
        known = [*(lease for _, lease in self.leases), "made up"]
        lease = known[pick % len(known)]
        if self.live == (agent_id, lease):
            return
        before = self.state
        command = kind(task_id="t1", agent_id=agent_id, lease=lease, **SAYS.get(kind, {}))
        decision = BY_AGENT[kind](self.state, command, self.ctx())
        self.take(decision)
        assert decision.refusal is not None
        assert all(type(event) is TaskResultRefused for _, event in decision.events)
        assert before is not None
        assert msgspec.structs.replace(before, refusals=0) == msgspec.structs.replace(
            self.state, refusals=0
        )

    @rule(behind=st.sampled_from([0, 0, 1]), reason=st.sampled_from(list(ReleaseReason)))
    def release(self, behind: int, reason: ReleaseReason) -> None:
        assert self.state is not None
        command = ReleaseTask(task_id="t1", attempt=self.state.attempt - behind, reason=reason)
        decision = release_task(self.state, command, self.ctx())
        waits = self.open_question is not None and reason in BY_THE_CLOCK
        begun = self.state.status in BEGUN and reason in BEFORE_ITS_START
        wanted = self.live and not behind and not waits and not begun
        assert (decision.refusal is None) == bool(wanted)
        self.take(decision)

    @rule()
    def expire(self) -> None:
        self.take(expire_task(self.state, ExpireTask(task_id="t1"), self.ctx()))

    @precondition(lambda self: len(self.log) > 6)
    @rule()
    def cancel(self) -> None:
        self.take(cancel_task(self.state, CancelTask(task_id="t1"), self.ctx()))

    @precondition(lambda self: self.state.status in ENDED)
    @rule()
    def retry(self) -> None:
        self.take(retry_task(self.state, RetryTask(task_id="t1"), self.ctx()))

    @rule(seconds=st.sampled_from([1.0, 10.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def the_state_is_what_an_onlooker_sees(self) -> None:
        if self.state is None:
            return
        holder = (self.state.agent_id, self.state.lease) if self.state.live else None
        assert holder == self.live
        assert self.state.spent <= self.state.tries <= self.state.attempt
        assert self.state.spent <= self.state.terms.max_attempts
        assert self.state.refusals <= 10
        assert self.state.unfinished == (self.state.status not in ENDED)
        waits = self.state.status is TaskStatus.INPUT_REQUIRED
        assert waits == (self.state.question is not None) == (self.open_question is not None)
        assert [type(event) for event in self.log].count(TaskRated) <= 1

    @invariant()
    def an_undisturbed_life_takes_at_most_four_events(self) -> None:
        kinds = [type(event) for event in self.log]
        disturbances = {
            TaskProgressed,
            TaskResultRefused,
            TaskRequeued,
            TaskInputRequested,
            TaskReprioritised,
        }
        if kinds.count(TaskAssigned) == 1 and kinds[-1] is TaskCompleted:
            assert disturbances & set(kinds) or len(kinds) <= 4

    def ctx(self) -> Context:
        return Context(now=self.now, head=len(self.log), principal=Principal(subject="p"))

    def new_lease(self) -> str:
        return f"L{len(self.log)}.{len(self.leases)}"

    def take(self, decision: Decision) -> None:
        for stream, event in decision.events:
            assert stream == "task/t1"
            self.happen(event)

    def happen(self, event: Event) -> None:
        kind, before = type(event), self.state
        if before is not None and before.status in ENDED:
            assert kind in {TaskResultRefused, TaskRequeued, TaskRated}
            assert kind is not TaskRated or before.status is TaskStatus.COMPLETED
            assert kind is not TaskRequeued or before.status is not TaskStatus.COMPLETED
        if isinstance(event, TaskAssigned):
            assert self.live is None, "two live leases"
            assert event.attempt == 1 + sum(type(past) is TaskAssigned for past in self.log)
            self.live = (event.agent_id, event.lease)
            self.leases.append(self.live)
        if isinstance(event, TaskInputRequested):
            assert self.open_question is None
            self.open_question = event.number
        elif isinstance(event, TaskInputGiven):
            assert event.number == self.open_question
            self.open_question = None
        stored = msgspec.json.decode(msgspec.json.encode(event), type=kind)
        assert stored == event
        self.state = task.evolve(before, stored)
        self.log.append(event)
        assert msgspec.json.decode(msgspec.json.encode(self.state), type=task.TaskState) == (
            self.state
        )
        if self.state.status not in LIVE:
            self.live = self.open_question = None


TestTaskLife = TaskLife.TestCase
TestTaskLife.settings = settings(max_examples=150, stateful_step_count=40)
