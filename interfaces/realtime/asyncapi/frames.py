"""Every frame of the sockets as a type: what the AsyncAPI document and the TypeScript types say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import defstruct

from aia_mas.application.orchestration.answers import TaskAnswer
from aia_mas.application.orchestration.claims import ClaimedTask
from aia_mas.application.orchestration.heartbeats import HeartbeatAnswer
from aia_mas.interfaces.http.problems import Problem
from aia_mas.interfaces.http.requests import KEY_PATTERN
from aia_mas.interfaces.realtime.agent.acts import ACTS
from aia_mas.interfaces.realtime.agent.feed import AgentStanding, GivenInput, TakenTask, Welcome
from aia_mas.interfaces.realtime.agent.receipts import Receipt
from aia_mas.interfaces.realtime.agent_facts import AgentUpdate
from aia_mas.interfaces.realtime.budget_facts import BudgetTold
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

Shape = type[msgspec.Struct]


class Frame(NamedTuple):
    """A frame that the protocol has.

    Attributes:
        type: The member ``type``.
        struct: What it consists of.
        summary: What it is for, one line.
        replies: The types of what it is answered with.
    """

    type: str
    struct: Shape
    summary: str
    replies: Sequence[str] = ()


_Position = Annotated[int, msgspec.Meta(ge=0)]
_Key = Annotated[str, msgspec.Meta(pattern=KEY_PATTERN)]


def _frame(
    kind: str, summary: str, *fields: tuple[str, Any] | tuple[str, Any, Any], name: str = ""
) -> Frame:
    words = kind.title().replace("_", "")
    struct = defstruct(
        f"{name or words}Frame",
        fields,
        tag=kind,
        kw_only=True,
        namespace={"__doc__": f"{summary}."},
    )
    return Frame(kind, struct, summary)


def _of_agent(kind: str, data: type[Any]) -> Frame:
    summary = (data.__doc__ or "").partition("\n")[0].rstrip(".")
    made = _frame(
        kind,
        summary,
        ("id", SubscriptionId),
        ("idempotency_key", _Key | None, None),
        ("data", data),
        name="Agent" + kind.title(),
    )
    return made._replace(replies=("receipt",))


FROM_CLIENTS: Sequence[Frame] = (
    Frame("subscribe", Subscribe, "Start a subscription", ("subscribed", "error")),
    Frame("unsubscribe", Unsubscribe, "End a subscription", ("unsubscribed", "error")),
    Frame("ping", Ping, "Ask whether the node is there and how far it is", ("pong",)),
)
"""What everybody may say."""

FROM_AGENTS: Sequence[Frame] = tuple(_of_agent(kind, data) for kind, (_, data) in ACTS.items())
"""What agents say beside it."""

TO_EVERYBODY: Sequence[Frame] = (
    _frame(
        "metrics_update",
        "The figures of the system, at once and when they change; only the latest counts",
        ("as_of", _Position),
        ("data", Metrics),
        ("id", SubscriptionId),
    ),
    _frame(
        "economic_update",
        "The figures of the economy, at once and when they change; only the latest counts",
        ("as_of", _Position),
        ("data", EconomicSummary),
        ("id", SubscriptionId),
    ),
    _frame(
        "task_update",
        "One event of a task, in order and never twice",
        ("position", _Position),
        ("data", TaskUpdate),
        ("id", SubscriptionId),
    ),
    _frame(
        "agent_update",
        "One event of an agent, in order and never twice",
        ("position", _Position),
        ("data", AgentUpdate),
        ("id", SubscriptionId),
    ),
    _frame(
        "proposal_update",
        "One event of a proposal, or one vote, in order and never twice",
        ("position", _Position),
        ("data", ProposalTold),
        ("id", SubscriptionId),
    ),
    _frame(
        "budget_update",
        "One event of a budget, warnings among them, in order and never twice",
        ("position", _Position),
        ("data", BudgetTold),
        ("id", SubscriptionId),
    ),
    _frame(
        "snapshot",
        "A page of how things stood at a position; every event behind that follows the last one",
        ("position", _Position),
        ("data", Page),
        ("id", SubscriptionId),
    ),
    _frame(
        "subscribed",
        "A subscription begins; `recovered` tells whether everything behind `after` follows",
        ("id", SubscriptionId),
        ("recovered", bool),
        ("snapshot", bool),
        ("position", _Position | None),
        ("epoch", str),
        ("data", Topic),
    ),
    _frame(
        "unsubscribed",
        "A subscription has ended; nothing with its id follows",
        ("id", SubscriptionId),
        ("data", dict[str, str]),
    ),
    _frame(
        "pong",
        "Each subscription of facts has been sent all up to its position",
        ("id", SubscriptionId | None, None),
        ("data", Positions),
    ),
    _frame("error", "A message was refused; the connection goes on", ("data", Refusal)),
)
"""What everybody is told."""

TO_AGENTS: Sequence[Frame] = (
    _frame("welcome", "The first frame: what the agent has begun", ("data", Welcome)),
    _frame("task_assigned", "Work for the agent", ("data", ClaimedTask)),
    _frame("task_lost", "Stop working on it: it is somebody else's, or over", ("data", TakenTask)),
    _frame("task_input", "The answer to a question of the agent", ("data", GivenInput)),
    _frame("agent_status", "It was drained, suspended or activated", ("data", AgentStanding)),
    Frame("receipt", Receipt, "The answer to a message of the agent"),
)
"""What agents are told beside it."""

ITEMS: Sequence[Shape] = (ToldTask, ToldAgent, ToldProposal, ToldBudget)
"""What the ``items`` of a snapshot are."""

ANSWERS: Sequence[Shape] = (TaskAnswer, HeartbeatAnswer, Problem)
"""What the ``data`` of a receipt is."""
