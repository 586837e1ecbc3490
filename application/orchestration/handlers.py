"""The registry of commands about agents and tasks: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers, Placement
from aia_mas.application.orchestration.answer_schemas import check_answer, check_schema
from aia_mas.application.orchestration.answers import (
    ActiveTasks,
    StakeOf,
    agent_answer,
    limit_answer,
    pauses_answer,
    task_answer,
)
from aia_mas.application.orchestration.endpoint_rules import (
    CheckEndpoint,
    Decide,
    calling_only_allowed,
)
from aia_mas.application.orchestration.rules_answer import Failures, rules_answer
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration import (
    agent,
    agent_commands,
    agent_decisions,
    agent_endpoint,
    bulk,
    deduplication,
    limits,
    pauses,
    seating,
    task,
    task_commands,
    task_ending,
    task_execution,
    task_input,
    task_rating,
    task_steering,
    task_submission,
)
from aia_mas.domain.orchestration.scoring import rules
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers

EVENTS: tuple[type[Event], ...] = (
    *agent.EVENTS,
    *task.EVENTS,
    *seating.EVENTS,
    *rules.EVENTS,
    *deduplication.EVENTS,
    *bulk.EVENTS,
    *limits.EVENTS,
    *pauses.EVENTS,
)

EVOLVERS: Evolvers = {
    "agent": agent.evolve,
    "task": task.evolve,
    "fleet": seating.evolve,
    "assignment": rules.evolve,
    "dedup": deduplication.evolve,
    "bulk": bulk.evolve,
    "limit": limits.evolve,
    "dispatch": pauses.evolve,
}

STATES: Mapping[str, type[msgspec.Struct]] = {
    "agent": agent.AgentState,
    "task": task.TaskState,
    "fleet": seating.SeatCount,
    "assignment": rules.AssignmentRules,
    "dedup": deduplication.DedupKey,
    "bulk": bulk.BulkState,
    "limit": limits.LimitState,
    "dispatch": pauses.PauseState,
}


def handlers(
    *,
    active_tasks: ActiveTasks,
    seat: Callable[[Any], Placement | None],
    place: Callable[[task_commands.SubmitTask], Placement | None],
    policies: Policies = BUILT_IN,
    tiers: Tiers = DEFAULT_TIERS,
    stake: StakeOf = lambda _: 0,
    failures: Failures = dict,
    check_endpoint: CheckEndpoint = lambda _: None,
    staking: Callable[[Handler], Handler] = lambda handler: handler,
) -> Handlers:
    """Return the handlers of all commands about agents and tasks.

    Args:
        active_tasks: Tells how many tasks an agent holds.
        seat: Keeps a seat for an agent that registers, within the limit.
        place: Chooses an agent for a task that is being submitted.
        policies: What may choose among agents, by name.
        tiers: Which stake makes which tier.
        stake: Tells what an agent has at stake, base units.
        failures: Tells which policies failed.
        check_endpoint: Refuses endpoints that may not be called.
        staking: Has registrations stake, too.
    """

    def allowed(decide: Decide) -> Decide:
        return calling_only_allowed(decide, check_endpoint)

    def registration(decide: Decide) -> Handler:
        return staking(
            Handler(_registration, seating.seated(allowed(decide)), an_agent, place=seat)
        )

    an_agent = agent_answer(active_tasks, stake, tiers)
    submit = partial(deduplication.submit_once, tiers=tiers)
    the_rules = rules_answer(policies, failures)
    return {
        **{
            command: Handler(lambda _: (rules.RULES,), decide, the_rules)
            for command, decide in rules.decisions(policies).items()
        },
        agent_commands.RegisterAgent: registration(agent_decisions.register_agent),
        agent_commands.PutAgent: registration(agent_decisions.put_agent),
        seating.BeginSeatCount: Handler(
            lambda _: (seating.SEATS,), seating.begin_seat_count, lambda state, _: state
        ),
        agent_commands.UpdateAgent: Handler(
            _agent, allowed(agent_decisions.update_agent), an_agent
        ),
        agent_commands.DrainAgent: Handler(_agent, agent_decisions.drain_agent, an_agent),
        agent_commands.SuspendAgent: Handler(_agent, agent_decisions.suspend_agent, an_agent),
        agent_commands.ActivateAgent: Handler(_agent, agent_decisions.activate_agent, an_agent),
        agent_commands.DisableEndpoint: Handler(_agent, agent_endpoint.disable_endpoint, an_agent),
        agent_commands.RotateWebhookSecret: Handler(
            _agent, agent_endpoint.rotate_webhook_secret, an_agent
        ),
        agent_commands.UnregisterAgent: Handler(_agent, agent_decisions.unregister_agent, an_agent),
        agent_commands.MarkAgentOffline: Handler(
            _agent, agent_decisions.mark_agent_offline, an_agent
        ),
        agent_commands.MarkAgentOnline: Handler(
            _agent, agent_decisions.mark_agent_online, an_agent
        ),
        task_commands.SubmitTask: Handler(
            _submission, submit, task_answer, creates=True, place=place
        ),
        task_commands.AssignTask: Handler(
            lambda c: (task.task_stream(c.task_id), agent.agent_stream(c.agent_id)),
            task_submission.assign_task,
            task_answer,
        ),
        task_commands.StartTask: Handler(_task, task_execution.start_task, task_answer),
        task_commands.RecordProgress: Handler(_task, task_execution.record_progress, task_answer),
        task_commands.AskForInput: Handler(
            _task, partial(task_input.ask_for_input, check_schema=check_schema), task_answer
        ),
        task_commands.GiveInput: Handler(
            _task, partial(task_input.give_input, check_answer=check_answer), task_answer
        ),
        task_commands.CompleteTask: Handler(_task, task_execution.complete_task, task_answer),
        task_commands.FailTask: Handler(_task, task_execution.fail_task, task_answer),
        task_commands.ReleaseTask: Handler(_task, task_ending.release_task, task_answer),
        task_commands.CancelTask: Handler(_task, task_ending.cancel_task, task_answer),
        task_commands.ExpireTask: Handler(_task, task_ending.expire_task, task_answer),
        task_commands.RetryTask: Handler(_task, task_submission.retry_task, task_answer),
        task_commands.RateTask: Handler(_task, task_rating.rate_task, task_answer),
        task_commands.ReprioritiseTask: Handler(
            _task, task_steering.reprioritise_task, task_answer
        ),
        task_commands.ReassignTask: Handler(_task, task_steering.reassign_task, task_answer),
        bulk.OrderBulk: Handler(
            lambda c: (bulk.bulk_stream(c.bulk_id),), bulk.order_bulk, bulk.bulk_order, creates=True
        ),
        limits.SetLimit: Handler(_limit, limits.set_limit, limit_answer),
        limits.RemoveLimit: Handler(_limit, limits.remove_limit, limit_answer),
        pauses.PauseDispatch: Handler(_pauses, pauses.pause_dispatch, pauses_answer),
        pauses.ResumeDispatch: Handler(_pauses, pauses.resume_dispatch, pauses_answer),
    }


def _agent(command: Any) -> tuple[str | None, ...]:
    return (agent.agent_stream(command.agent_id),)


def _registration(command: Any) -> tuple[str | None, ...]:
    return (agent.agent_stream(command.agent_id), seating.SEATS)


def _task(command: Any) -> tuple[str | None, ...]:
    return (task.task_stream(command.task_id),)


def _limit(command: Any) -> tuple[str | None, ...]:
    return (limits.limit_stream(command.key),)


def _pauses(_command: Any) -> tuple[str | None, ...]:
    return (pauses.PAUSES,)


def _submission(command: task_commands.SubmitTask) -> tuple[str | None, ...]:
    chosen, key, holder = command.assignment, command.spec.dedup_key, command.key_holder
    return (
        task.task_stream(command.task_id),
        None if chosen is None else agent.agent_stream(chosen.agent_id),
        None if key is None else deduplication.dedup_stream(command.owner, key),
        None if holder is None else task.task_stream(holder),
    )
