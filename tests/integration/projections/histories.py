"""Random histories of agents and tasks, made by the domain's own decisions."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel import Context, Decision, Event, Principal, Role
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration import agent as agents
from aia_mas.domain.orchestration import agent_commands as ac
from aia_mas.domain.orchestration import agent_decisions as ad
from aia_mas.domain.orchestration import (
    agent_endpoint,
    task_ending,
    task_execution,
    task_input,
    task_rating,
    task_steering,
    task_submission,
)
from aia_mas.domain.orchestration import task as tasks
from aia_mas.domain.orchestration import task_commands as tc
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import ReleaseReason, TaskStatus, Usage
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

Happening = tuple[str, Event]
"""A stream and an event of it."""

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""When these histories begin."""

WORDS = ("python", "sql", "größe", "naïve 'quoted'", 'tab\t"x"', "{braces,commas}", "日本")

_ENDPOINT = "https://agent.example/a?b=c"


class World:
    """Agents and tasks, to which something happens at every step."""

    def __init__(self, seed: int, *, agents_: int = 8, tasks_: int = 40) -> None:
        self._random = Random(seed)
        self._now = NOW
        self._agents = agents_
        self._tasks = tasks_
        self.agents: dict[str, agents.AgentState] = {}
        self.tasks: dict[str, tasks.TaskState] = {}

    def history(self, steps: int) -> Iterator[list[Happening]]:
        """Yield as many steps, each with the events that it causes: one to three of one stream."""
        while steps:
            self._now += timedelta(milliseconds=self._random.randrange(1, 30_000))
            act = self._random.choices(
                (self._submit, self._of_task, self._of_agent), weights=(3, 12, 5)
            )[0]
            decision = act()
            if decision.events:
                steps -= 1
                for stream, event in decision.events:
                    self._evolve(stream, event)
                yield list(decision.events)

    def _evolve(self, stream: str, event: Event) -> None:
        name = entity_of(stream)
        if stream.startswith("agent/"):
            self.agents[name] = agents.evolve(self.agents.get(name), event)
        else:
            self.tasks[name] = tasks.evolve(self.tasks.get(name), event)

    @property
    def _context(self) -> Context:
        # An operator may call off and try again what others own.
        client = Principal(subject="client", roles=frozenset({Role.OPERATOR}))
        return Context(now=self._now, head=0, principal=client)

    def _some(self, *values: Any) -> Any:
        return self._random.choice(values)

    def _capabilities(self) -> Capabilities:
        rnd = self._random
        return Capabilities(
            specializations=tuple(rnd.sample(WORDS, rnd.randrange(3))),
            skills={word: rnd.random() for word in rnd.sample(WORDS, rnd.randrange(4))},
            max_concurrent_tasks=rnd.randrange(1, 5),
            cost_per_task=rnd.randrange(0, 10**21),
            labels={"region": self._some("eu", "us")},
            resources={"gpu_gb": rnd.random() * 80},
            data_sources=self._some((), ("sales_db",)),
            endpoint=self._some(None, _ENDPOINT),
            metadata={"nested": [1, 2.5, None, {"z": "ü", "a": True}]},
        )

    def _of_agent(self) -> Decision:
        name = f"agent-{self._random.randrange(self._agents)}"
        state, ctx = self.agents.get(name), self._context
        command = self._some(
            lambda: ad.put_agent(
                state, ac.PutAgent(agent_id=name, capabilities=self._capabilities()), ctx
            ),
            lambda: ad.update_agent(
                state,
                ac.UpdateAgent(agent_id=name, max_concurrent_tasks=self._random.randrange(1, 9)),
                ctx,
            ),
            lambda: ad.drain_agent(state, ac.DrainAgent(agent_id=name), ctx),
            lambda: ad.suspend_agent(state, ac.SuspendAgent(agent_id=name, reason="why"), ctx),
            lambda: ad.activate_agent(state, ac.ActivateAgent(agent_id=name), ctx),
            lambda: ad.unregister_agent(state, ac.UnregisterAgent(agent_id=name), ctx),
            lambda: ad.mark_agent_offline(
                state, ac.MarkAgentOffline(agent_id=name, last_seen=self._now), ctx
            ),
            lambda: ad.mark_agent_online(state, ac.MarkAgentOnline(agent_id=name), ctx),
            lambda: agent_endpoint.disable_endpoint(
                state, ac.DisableEndpoint(agent_id=name, endpoint=_ENDPOINT, reason="gone"), ctx
            ),
            lambda: agent_endpoint.rotate_webhook_secret(
                state, ac.RotateWebhookSecret(agent_id=name), ctx
            ),
        )
        result: Decision = command()
        return result

    def _submit(self) -> Decision:
        if len(self.tasks) >= self._tasks:
            return self._of_task()
        rnd = self._random
        task_id = str(UUID(int=rnd.getrandbits(128), version=4))
        spec = TaskSpecification(
            task_type=self._some("analysis", "review", "größe"),
            description=self._some("", "Analyse 'sales' \\ \"Q3\"\n\t√"),
            requirements=Requirements(skills={"python": 0.25}, labels={"region": "eu"}),
            payload=self._some(None, {"b": [1, 2**70, 1.5e300], "a": {"x": None}}, "text", 0),
            priority=self._some(*Priority),
            max_cost=self._some(None, 50 * 10**18),
            deadline=self._some(None, self._now + timedelta(seconds=rnd.randrange(1, 900))),
            max_attempts=rnd.randrange(1, 4),
            not_before=None,
            tags=self._some((), ("a", "b c"), ("quarter:3",)),
            parent=self._some(None, "parent-1"),
        )
        assignment = None
        agent_id = self._anyone()
        if agent_id is not None and rnd.random() < 0.3:
            terms: dict[str, Any] = {"agent_id": agent_id, "lease": self._lease()}
            assignment = tc.Assignment(**terms, **self._promise(), lease_seconds=60.0)
        command = tc.SubmitTask(task_id=task_id, spec=spec, owner="owner", assignment=assignment)
        agent_state = self.agents.get(agent_id) if agent_id else None
        return task_submission.submit_task(None, agent_state, command, self._context)

    def _promise(self) -> dict[str, Any]:
        """Return what an attempt earns from the pool, or why it does not, or neither."""
        terms = RewardTerms(
            tier="größe", multiplier_ppm=1_200_000, base=10**19, reserved=18 * 10**18
        )
        found: dict[str, Any] = self._some({}, {"unfunded": "pool_empty"}, {"reward": terms})
        return found

    def _of_task(self) -> Decision:
        if not self.tasks:
            return Decision()
        name = self._some(*self.tasks)
        state = self.tasks[name]
        acts = self._acts_on_held if state.live else self._acts_on_others
        decision: Decision = self._some(*acts(name, state))()
        return decision

    def _acts_on_held(self, name: str, state: tasks.TaskState) -> list[Callable[[], Decision]]:
        ctx, rnd = self._context, self._random
        assert state.agent_id is not None
        assert state.lease is not None
        who = {"task_id": name, "agent_id": state.agent_id, "lease": state.lease}
        late = who | {"lease": self._some(state.lease, *state.ended_leases)}
        usage = Usage(model="m", tokens_in=3, cost=rnd.randrange(10**22))
        return [
            lambda: task_execution.start_task(state, tc.StartTask(**late), ctx),
            lambda: task_execution.record_progress(
                state,
                tc.RecordProgress(
                    **who,
                    percent=self._some(None, rnd.random() * 100),
                    message=self._some("", "ü"),
                    partial=self._some(None, {"b": [1, 2**70, 1.5e300], "a": "ü"}),
                    log=self._some((), ("line", "")),
                ),
                ctx,
            ),
            lambda: self._ask_or_answer(name, state, who),
            lambda: self._ask_or_answer(name, state, who),
            lambda: task_steering.reassign_task(
                state, tc.ReassignTask(task_id=name, exclude_current=rnd.random() < 0.5), ctx
            ),
            lambda: task_execution.complete_task(
                state,
                tc.CompleteTask(
                    **who,
                    result={"rows": [1, {"k": "v"}]},
                    quality=self._some(None, rnd.random()),
                    usage=self._some(None, usage),
                ),
                ctx,
            ),
            lambda: task_execution.fail_task(
                state,
                tc.FailTask(**who, error_code="boom", message="it", retryable=rnd.random() < 0.7),
                ctx,
            ),
            lambda: task_ending.release_task(
                state,
                tc.ReleaseTask(
                    task_id=name, attempt=state.attempt, reason=self._some(*ReleaseReason)
                ),
                ctx,
            ),
            lambda: task_ending.cancel_task(state, tc.CancelTask(task_id=name, reason="no"), ctx),
            lambda: task_ending.expire_task(state, tc.ExpireTask(task_id=name), ctx),
        ]

    def _acts_on_others(self, name: str, state: tasks.TaskState) -> list[Callable[[], Decision]]:
        ctx = self._context
        if state.status is TaskStatus.QUEUED:
            assign: Callable[[], Decision] = lambda: self._assign(name, state)  # noqa: E731
            return [
                assign,
                assign,
                assign,
                lambda: task_steering.reprioritise_task(
                    state, tc.ReprioritiseTask(task_id=name, priority=self._some(*Priority)), ctx
                ),
                lambda: task_ending.cancel_task(state, tc.CancelTask(task_id=name), ctx),
                lambda: task_ending.expire_task(state, tc.ExpireTask(task_id=name), ctx),
            ]
        rating = tc.RateTask(task_id=name, rating=self._random.random(), comment="ü")
        return [
            lambda: task_submission.retry_task(state, tc.RetryTask(task_id=name), ctx),
            lambda: task_rating.rate_task(state, rating, ctx),
        ]

    def _ask_or_answer(self, name: str, state: tasks.TaskState, who: dict[str, str]) -> Decision:
        if state.status is TaskStatus.INPUT_REQUIRED:
            answer = self._some("yes", {"b": 2**70, "a": [1.5e300, "ü"]}, None)
            return task_input.give_input(
                state, tc.GiveInput(task_id=name, answer=answer), self._context
            )
        ask = tc.AskForInput(
            **who, question="ü?", schema=self._some(None, {"type": ["string", 1.5e300]})
        )
        return task_input.ask_for_input(state, ask, self._context)

    def _assign(self, name: str, state: tasks.TaskState) -> Decision:
        agent_id = self._anyone()
        if agent_id is None:
            return Decision()
        command = tc.AssignTask(
            task_id=name,
            attempt=state.attempt + 1,
            agent_id=agent_id,
            lease=self._lease(),
            lease_seconds=30.0,
            price=self._random.randrange(10**20),
            load=self._random.random(),
            **self._promise(),
        )
        agent_state = self.agents[agent_id]
        return task_submission.assign_task(state, agent_state, command, self._context)

    def _anyone(self) -> str | None:
        able = [name for name, state in self.agents.items() if state.assignable]
        return self._random.choice(able) if able else None

    def _lease(self) -> str:
        return f"lease-{self._random.getrandbits(64):x}"
