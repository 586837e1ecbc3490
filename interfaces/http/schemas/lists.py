"""Pages of lists."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.presence import Report
from aia_mas.domain.economy.rewards.telling import ToldReward
from aia_mas.domain.orchestration.fleet.why_not import Reason
from aia_mas.domain.orchestration.scoring.failures import PolicyFailure
from aia_mas.projections.agent_directory import Agent
from aia_mas.projections.task_board import Task


class PresentAgent(Agent, frozen=True, kw_only=True):
    """An agent, and what is no event (``reported``: what it said with its last heartbeats)."""

    reported: Report | None = None


class AgentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Agents (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[PresentAgent]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class TaskPage(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[Task]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as it stands in the log.

    Attributes:
        position: Its place in the log.
        stream: The stream it belongs to.
        version: Its place in that stream.
        topic: What kind of event it is.
        recorded_at: When it was committed, UTC.
        actor: Who gave the command.
        command_id: The command that caused it.
        correlation_id: The request that set it in motion.
        causation_id: What caused the command.
        data: What it says; amounts are base units (10^-18 tokens) here.
        unreadable: Why this program cannot read it, when it cannot.
    """

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: datetime
    actor: str
    command_id: str
    correlation_id: str | None
    causation_id: str | None
    data: msgspec.Raw
    unreadable: str | None = None


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[AuditEvent]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class AuditHead(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the log (``hash``: what seals it; ``recorded_at``: when it was written, UTC)."""

    position: int
    hash: str
    recorded_at: datetime


class ScoredFeature(msgspec.Struct, frozen=True, kw_only=True):
    """What one feature adds to a score.

    Attributes:
        value: The feature, 0..1.
        weight: What it counts, 0..1.
        points: The product, 0..1; the points of all features add up to the score.
    """

    value: float
    weight: float
    points: float


class ScoredCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An agent on the shortlist.

    Attributes:
        agent_id: Who.
        score: The sum of its points, 0..1.
        features: What the score is made of, by feature.
        marks: What ties it to the task: ``preferred``, ``specialised``, ``sticky``.
        drawn: It is one of the two that chance drew, by policies that draw.
    """

    agent_id: str
    score: float
    features: dict[str, ScoredFeature]
    marks: list[str]
    drawn: bool


class FleetThen(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet when an attempt was given to its agent, as the event keeps it.

    Attributes:
        agents: How many agents were registered.
        with_room: How many of them were active, online and had a place left.
        considered: How many of those also met the demands, had enough of their resources left, and
            were not kept free for other tasks.
    """

    agents: int
    with_room: int
    considered: int


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt was given to its agent.

    Attributes:
        attempt: Its number.
        agent_id: To whom.
        policy: The name of the rule that chose.
        considered: How many agents qualified and had room.
        load: The share of the agent's places in use before, 0..1.
        price: What the agent takes for it, tokens.
        assigned_at: When, UTC.
        position: Where this stands in the log.
        revision: That of the rules of assignment in force; 0: the defaults.
        seed: What chance was drawn from.
        chosen: The agent with its score; None where a former release has not recorded it.
        runner_up: Whom it was compared with last: the other one drawn, or else the next on the
            shortlist; None when it was alone on it.
        shortlist: All it was chosen from, preferred agents first, then by score.
        failure: The policy that should have chosen and failed; ``policy`` chose in its place.
        at_decision: How many agents were left out then; None where a former release has not
            recorded it. By which demand is not recorded.
        reward: What the attempt was promised from the reward pool then, or why it was promised
            nothing; None where no rewards were offered.
    """

    attempt: int
    agent_id: str
    policy: str
    considered: int
    load: float
    price: str
    assigned_at: datetime
    position: int
    revision: int
    seed: int
    chosen: ScoredCandidate | None
    runner_up: ScoredCandidate | None
    shortlist: list[ScoredCandidate]
    failure: PolicyFailure | None
    at_decision: FleetThen | None
    reward: ToldReward | None = None


class ExcludedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that a task was taken from for good.

    Attributes:
        agent_id: Who.
        attempt: Which attempt it had.
        by: Who ordered it; empty: the system by its rules.
        reason: Why.
        at: When, UTC.
        position: Where this stands in the log.
    """

    agent_id: str
    attempt: int
    by: str
    reason: str
    at: datetime
    position: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a task is where it is.

    Attributes:
        task_id: The task.
        status: Where it stands.
        attempt: The number of the last attempt.
        assignments: Every attempt, from the log.
        excluded: Agents that it was taken from for good, which is why it never goes to them again.
        waiting: While it waits: what keeps it from being assigned.
        filtered: Which agents such a task does not come to and why, by the fleet as it is now
            (``as_of``) and not as it was when an attempt was given away (its ``position``, with
            ``at_decision``); an agent may stand in several entries.
        as_of: The position of the log that ``filtered`` and ``waiting`` are true of.
    """

    task_id: str
    status: str
    attempt: int
    assignments: list[Explained]
    excluded: list[ExcludedAgent]
    waiting: list[Reason]
    filtered: list[Reason]
    as_of: int
