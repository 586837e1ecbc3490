"""Any interleaving of work, plans, appends, settlements and new leaders keeps every token."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aia_mas.domain.economy.rewards.settling import SettleRewards
from aia_mas.domain.economy.todo import Work
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration import task_commands as tasks
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.agent_decisions import put_agent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.task_ending import cancel_task, release_task
from aia_mas.domain.orchestration.task_execution import complete_task, fail_task
from aia_mas.domain.orchestration.task_rating import rate_task
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus
from aia_mas.domain.orchestration.task_submission import assign_task, retry_task, submit_task

from .reward_stories import bonded, changed
from .reward_world import RewardWorld

SPEC = TaskSpecification(task_type="t", timeout_seconds=40.0, max_attempts=3)
STAKES = st.sampled_from([0, 99, 100, 250, 500, 2_000])
AGENTS = st.sampled_from(["a", "b", "c"])


class Rewards(RuleBasedStateMachine):
    """A dispatcher and a settlement over the real decisions, against plain bookkeeping."""

    @initialize(pool=st.sampled_from([0, 40, 500]), block=st.sampled_from([20, 100]))
    def start(self, pool: int, block: int) -> None:
        self.world = RewardWorld()
        self.block = block
        self.parameters: dict[str, Any] = {"reward_block": block * ONE}
        self.world.happen("parameters/economy", changed(**self.parameters))
        if pool:
            self.world.fund(pool * ONE)
            self.world.fund(pool * ONE // 100, "AIA_GOV")
        self.under_way: dict[str, tuple[PlannedAssignment, bool]] = {}
        self.count = 0
        self.old: list[Work] = []
        for agent_id, stake in (("a", 500), ("b", 100)):
            self.put(agent_id, stake, 3)

    def task(self, task_id: str) -> Any:
        return self.world.states.get(f"task/{task_id}")

    def live(self, pick: int) -> str | None:
        live = [
            stream.partition("/")[2]
            for stream, state in self.world.states.items()
            if stream.startswith("task/") and state.live
        ]
        return live[pick % len(live)] if live else None

    @rule(agent_id=AGENTS, stake=STAKES, places=st.integers(1, 5))
    def put(self, agent_id: str, stake: int, places: int) -> None:
        command = PutAgent(
            agent_id=agent_id,
            capabilities=Capabilities(max_concurrent_tasks=places),
            initial_stake=stake * ONE,
        )
        known = self.world.states.get(f"agent/{agent_id}")
        self.world.take(put_agent(known, command, self.world.ctx()))
        if known is None:
            self.world.happen(f"stake/{agent_id}", bonded(stake))

    @rule(agent_id=AGENTS, stake=STAKES)
    def restake(self, agent_id: str, stake: int) -> None:
        self.world.happen(f"stake/{agent_id}", bonded(stake))

    @rule(tokens=st.sampled_from([1, 30, 300]))
    def fund(self, tokens: int) -> None:
        self.world.fund(tokens * ONE)

    @rule(
        base=st.sampled_from([0, 10 * ONE, 3, 7 * ONE + 1]),
        window=st.sampled_from([0, 60]),
        each=st.sampled_from([50, 100]),
    )
    def change_parameters(self, base: int, window: int, each: int) -> None:
        self.parameters |= {
            "base_task_reward": base,
            "rating_window_seconds": window,
            "stake_per_task": each * ONE,
        }
        self.world.happen("parameters/economy", changed(**self.parameters))

    @rule(times=st.integers(1, 3))
    def submit(self, times: int) -> None:
        for _ in range(times):
            command = tasks.SubmitTask(task_id=self.new_task(), spec=SPEC, owner="anne")
            self.world.take(submit_task(None, None, command, self.world.ctx()))

    @rule()
    def place(self) -> None:
        task_id = self.new_task()
        planned = self.world.fold.place(task_id, SPEC, self.world.now, "anne")
        if planned is not None:
            self.under_way[task_id] = (planned, True)

    @rule()
    def plan(self) -> None:
        for planned in self.world.fold.plan(self.world.now, 100):
            self.under_way[planned.task_id] = (planned, False)

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 9))
    def commit(self, pick: int) -> None:
        task_id = list(self.under_way)[pick % len(self.under_way)]
        planned, submits = self.under_way.pop(task_id)
        agent = self.world.states.get(f"agent/{planned.agent_id}")
        terms: dict[str, Any] = {
            "agent_id": planned.agent_id,
            "lease": f"L{len(self.world.log)}",
            "lease_seconds": planned.lease_seconds,
            "reward": planned.reward,
            "unfunded": planned.unfunded,
        }
        ctx = self.world.ctx()
        if submits:
            submission = tasks.SubmitTask(
                task_id=task_id, spec=SPEC, owner="anne", assignment=tasks.Assignment(**terms)
            )
            decision = submit_task(None, agent, submission, ctx)
        else:
            command = tasks.AssignTask(task_id=task_id, attempt=planned.attempt, **terms)
            decision = assign_task(self.task(task_id), agent, command, ctx)
        self.world.take(decision)
        state = self.task(task_id)
        if state is None or not state.live:
            self.world.fold.drop(task_id)

    @rule()
    def plan_and_commit(self) -> None:
        self.plan()
        while self.under_way:
            self.commit(0)

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 9))
    def lose(self, pick: int) -> None:
        task_id = list(self.under_way)[pick % len(self.under_way)]
        del self.under_way[task_id]
        self.world.fold.drop(task_id)

    @rule(pick=st.integers(0, 9), what=st.sampled_from(["complete"] * 4 + ["fail", "release"]))
    def work(self, pick: int, what: str) -> None:
        task_id = self.live(pick)
        if task_id is None:
            return
        state, ctx = self.task(task_id), self.world.ctx()
        who = {"task_id": task_id, "agent_id": state.agent_id, "lease": state.lease}
        if what == "complete":
            self.world.take(complete_task(state, tasks.CompleteTask(**who), ctx))
        elif what == "fail":
            self.world.take(fail_task(state, tasks.FailTask(**who), ctx))
        else:
            release = tasks.ReleaseTask(
                task_id=task_id, attempt=state.attempt, reason=ReleaseReason.AGENT_OFFLINE
            )
            self.world.take(release_task(state, release, ctx))

    @rule(ratings=st.lists(st.sampled_from([None, 0.0, 0.7, 1.0]), min_size=1, max_size=3))
    def whole_lives(self, ratings: list[float | None]) -> None:
        """Submit, assign, complete, and perhaps rate."""
        self.submit(len(ratings))
        self.plan_and_commit()
        for rating in ratings:
            self.wait(15.0)
            task_id = self.live(0)
            self.work(0, "complete")
            if task_id is not None and rating is not None:
                command = tasks.RateTask(task_id=task_id, rating=rating)
                self.world.take(rate_task(self.task(task_id), command, self.world.ctx()))

    @precondition(lambda self: self.count)
    @rule(pick=st.integers(0, 30), what=st.sampled_from(["cancel", "retry", "rate", "rate"]))
    def decide_on_any(self, pick: int, what: str) -> None:
        task_id = f"t{pick % self.count + 1}"
        state, ctx = self.task(task_id), self.world.ctx()
        if what == "cancel":
            self.world.take(cancel_task(state, tasks.CancelTask(task_id=task_id), ctx))
        elif what == "retry":
            self.world.take(retry_task(state, tasks.RetryTask(task_id=task_id), ctx))
        else:
            rating = (pick % 11) / 10
            command = tasks.RateTask(task_id=task_id, rating=rating)
            self.world.take(rate_task(state, command, ctx))

    @rule(seconds=st.sampled_from([1.0, 15.0, 30.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule()
    def reserve(self) -> None:
        for work in self.world.work(self.world.ahead):
            assert self.world.take(self.world.settle(work.command))
            self.old.append(work)

    @rule(seconds=st.sampled_from([0.0, 1.0, 61.0]))
    def settle(self, seconds: float) -> None:
        self.world.wait(seconds)
        for work in self.world.work(self.world.due):
            assert self.world.take(self.world.settle(work.command))
            self.old.append(work)

    @precondition(lambda self: self.old)
    @rule()
    def do_it_again(self) -> None:
        """A former leader, or one that got no answer, gives commands a second time."""
        for work in self.old:
            refusal = self.world.settle(work.command).refusal
            assert refusal is not None
            assert refusal.code == "rewards_moved_on"

    @rule()
    def take_over(self) -> None:
        """What was under way is lost, what is in the log is known."""
        self.world.restart()
        self.under_way.clear()

    @invariant()
    def every_token_is_somewhere(self) -> None:
        if hasattr(self, "world"):
            self.world.check()
            self.check_plans()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for task_id in [f"t{number + 1}" for number in range(self.count)]:
            state = self.task(task_id)
            if state is not None and state.status is not TaskStatus.COMPLETED:
                command = tasks.CancelTask(task_id=task_id)
                self.world.take(cancel_task(state, command, self.world.ctx()))
        self.settle(1_000.0)
        self.settle(1_000.0)
        self.settle(1_000.0)
        self.world.check()
        # Whatever was completed for a reward was settled, and nothing is kept for anything else.
        assert self.world.fold.rewards.reserved == self.world.fold.rewards.awaiting == 0
        numbers = [
            work.command.number for work in self.old if isinstance(work.command, SettleRewards)
        ]
        assert numbers == list(range(1, len(numbers) + 1))

    def check_plans(self) -> None:
        """What is promised by plans, and how many each agent has, is what is under way and held."""
        rewards, planned = self.world.fold.rewards, Counter[str]()
        kept = 0
        for each, _ in self.under_way.values():
            if each.reward is not None:
                planned[each.agent_id] += 1
                kept += each.reward.reserved
        assert rewards.promisable == rewards.available - kept >= 0
        for task_id in self.world.model.live:
            planned[self.task(task_id).agent_id] += 1
        for agent_id in ("a", "b", "c"):
            assert rewards.rewarded(agent_id) == planned[agent_id]

    def new_task(self) -> str:
        self.count += 1
        return f"t{self.count}"


TestRewards = Rewards.TestCase
TestRewards.settings = settings(
    max_examples=100, stateful_step_count=50, suppress_health_check=[HealthCheck.too_slow]
)
