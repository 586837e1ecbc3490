"""Every frame of the sockets as a type: what the AsyncAPI document and the TypeScript types say."""

from __future__ import annotations

from collections.abc import Sequence

from aia_mas.application.orchestration.answers import TaskAnswer
from aia_mas.application.orchestration.claims import ClaimedTask
from aia_mas.application.orchestration.heartbeats import HeartbeatAnswer
from aia_mas.interfaces.http.problems import Problem
from aia_mas.interfaces.realtime.acting import Receipt
from aia_mas.interfaces.realtime.agent.acts import ACTS
from aia_mas.interfaces.realtime.agent.feed import AgentStanding, GivenInput, TakenTask, Welcome
from aia_mas.interfaces.realtime.agent_facts import AgentUpdate
from aia_mas.interfaces.realtime.asyncapi.shapes import Frame, Position, Shape, act_of, frame_of
from aia_mas.interfaces.realtime.budget_facts import BudgetTold
from aia_mas.interfaces.realtime.message_facts import MessageTold
from aia_mas.interfaces.realtime.messages import (
    Page,
    Ping,
    Positions,
    Refusal,
    Subscribe,
    SubscriptionId,
    Topic,
    Unsubscribe,
)
from aia_mas.interfaces.realtime.proposal_facts import ProposalTold
from aia_mas.interfaces.realtime.task_facts import TaskUpdate
from aia_mas.projections.agent_view import ToldAgent
from aia_mas.projections.economy.budget_items import ToldBudget
from aia_mas.projections.economy.figures import EconomicSummary
from aia_mas.projections.economy.proposal_items import ToldProposal
from aia_mas.projections.metrics_figures import Metrics
from aia_mas.projections.told_task import ToldTask

FROM_CLIENTS: Sequence[Frame] = (
    Frame("subscribe", Subscribe, "Start a subscription", ("subscribed", "error")),
    Frame("unsubscribe", Unsubscribe, "End a subscription", ("unsubscribed", "error")),
    Frame("ping", Ping, "Ask whether the node is there and how far it is", ("pong",)),
)
"""What everybody may say."""

FROM_AGENTS: Sequence[Frame] = tuple(
    act_of(kind, data, "Agent") for kind, (_, data) in ACTS.items()
)
"""What agents say beside it."""

TO_EVERYBODY: Sequence[Frame] = (
    frame_of(
        "metrics_update",
        "The figures of the system, at once and when they change; only the latest counts",
        ("as_of", Position),
        ("data", Metrics),
        ("id", SubscriptionId),
    ),
    frame_of(
        "economic_update",
        "The figures of the economy, at once and when they change; only the latest counts",
        ("as_of", Position),
        ("data", EconomicSummary),
        ("id", SubscriptionId),
    ),
    frame_of(
        "task_update",
        "One event of a task, in order and never twice",
        ("position", Position),
        ("data", TaskUpdate),
        ("id", SubscriptionId),
    ),
    frame_of(
        "agent_update",
        "One event of an agent, in order and never twice",
        ("position", Position),
        ("data", AgentUpdate),
        ("id", SubscriptionId),
    ),
    frame_of(
        "proposal_update",
        "One event of a proposal, or one vote, in order and never twice",
        ("position", Position),
        ("data", ProposalTold),
        ("id", SubscriptionId),
    ),
    frame_of(
        "budget_update",
        "One event of a budget, warnings among them, in order and never twice",
        ("position", Position),
        ("data", BudgetTold),
        ("id", SubscriptionId),
    ),
    frame_of(
        "message_update",
        "One event of a message, or of many deliveries, in order and never twice",
        ("position", Position),
        ("data", MessageTold),
        ("id", SubscriptionId),
    ),
    frame_of(
        "snapshot",
        "A page of how things stood at a position; every event behind that follows the last one",
        ("position", Position),
        ("data", Page),
        ("id", SubscriptionId),
    ),
    frame_of(
        "subscribed",
        "A subscription begins; `recovered` tells whether everything behind `after` follows",
        ("id", SubscriptionId),
        ("recovered", bool),
        ("snapshot", bool),
        ("position", Position | None),
        ("epoch", str),
        ("data", Topic),
    ),
    frame_of(
        "unsubscribed",
        "A subscription has ended; nothing with its id follows",
        ("id", SubscriptionId),
        ("data", dict[str, str]),
    ),
    frame_of(
        "pong",
        "Each subscription of facts has been sent all up to its position",
        ("id", SubscriptionId | None, None),
        ("data", Positions),
    ),
    frame_of("error", "A message was refused; the connection goes on", ("data", Refusal)),
)
"""What everybody is told."""

TO_AGENTS: Sequence[Frame] = (
    frame_of("welcome", "The first frame: what the agent has begun", ("data", Welcome)),
    frame_of("task_assigned", "Work for the agent", ("data", ClaimedTask)),
    frame_of(
        "task_lost", "Stop working on it: it is somebody else's, or over", ("data", TakenTask)
    ),
    frame_of("task_input", "The answer to a question of the agent", ("data", GivenInput)),
    frame_of("agent_status", "It was drained, suspended or activated", ("data", AgentStanding)),
    Frame("receipt", Receipt, "The answer to a message of the agent"),
)
"""What agents are told beside it."""

ITEMS: Sequence[Shape] = (ToldTask, ToldAgent, ToldProposal, ToldBudget)
"""What the ``items`` of a snapshot are."""

ANSWERS: Sequence[Shape] = (TaskAnswer, HeartbeatAnswer, Problem)
"""What the ``data`` of a receipt about tasks is."""
