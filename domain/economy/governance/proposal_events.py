"""What happens to proposals (``proposal/<id>``) and votes (``vote/<proposal>:<voter>``)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.tally import Choice, Outcome, Tally
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import stream_of


class ProposedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a proposal does: an order (``kind``: of which kind; ``order``: what, by that kind)."""

    kind: str
    order: dict[str, Any]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How an election ended; anybody can compute it again from the log.

    Attributes:
        outcome: How.
        tally: What was cast, base units of power.
        total: All power at the snapshot, base units.
        voters: How many voted.
        snapshot: The position of the log at which power counted.
    """

    outcome: Outcome
    tally: Tally
    total: int
    voters: int
    snapshot: int


class Deposit(StrEnum):
    """What becomes of a deposit."""

    HELD = "held"
    REFUNDED = "refunded"
    BURNED = "burned"


class ProposalCreated(Event, frozen=True, kw_only=True):
    """Something was proposed.

    Attributes:
        title: What, in a line.
        body: What, at length.
        orders: What is done when it succeeds, in order.
        proposer: By whom.
        terms: On which terms it is decided; those of its kind at this time.
        gov_per_vote: AIA_GOV for each full 100 tokens of power that vote themselves, base units.
        gov_round_seconds: In so long a voter is paid for one vote, whatever it votes on.
        starts_at: When voting begins, UTC.
        by: Who gave the command.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposal.created.v1"
    title: str
    body: str = ""
    orders: tuple[ProposedOrder, ...] = ()
    proposer: str
    terms: ProposalKind
    gov_per_vote: int = 0
    gov_round_seconds: int = 0
    starts_at: datetime
    by: str
    at: datetime


class ProposalActivated(Event, frozen=True, kw_only=True):
    """Voting begins; power is what it was just before this event (``ends_at``: UTC)."""

    topic: ClassVar[str] = "proposal.activated.v1"
    ends_at: datetime
    at: datetime


class VotingClosed(Event, frozen=True, kw_only=True):
    """No more votes are taken; those that came before this event are counted.

    Attributes:
        early: Nothing that could still have been cast would have changed the outcome.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposal.voting_closed.v1"
    early: bool = False
    at: datetime


class ProposalSucceeded(Event, frozen=True, kw_only=True):
    """The votes are counted, and it is accepted (``at``: when, UTC)."""

    topic: ClassVar[str] = "proposal.succeeded.v1"
    result: Result
    at: datetime


class ProposalDefeated(Event, frozen=True, kw_only=True):
    """The votes are counted, and it is not accepted, or there were too few (``at``: when, UTC)."""

    topic: ClassVar[str] = "proposal.defeated.v1"
    result: Result
    at: datetime


class ProposalVetoed(Event, frozen=True, kw_only=True):
    """It was vetoed, by the votes or by a guardian.

    Attributes:
        result: The votes.
        reason: Why, when a guardian did.
        by: Which guardian.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposal.vetoed.v1"
    result: Result | None = None
    reason: str = ""
    by: str | None = None
    at: datetime


class ProposalQueued(Event, frozen=True, kw_only=True):
    """It waits for its execution.

    Attributes:
        execute_after: Until then a guardian may still stop it, UTC.
        expires_at: When it is void if its execution fails until then, UTC.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposal.queued.v1"
    execute_after: datetime
    expires_at: datetime
    at: datetime


class ExecutionFailed(Event, frozen=True, kw_only=True):
    """It could not be executed, and nothing of it was; it is tried again.

    Attributes:
        command: Which of its commands could not, from 0.
        code: The stable code of the refusal.
        detail: What was said about that.
        retry_at: When it is tried again, UTC.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposal.execution_failed.v1"
    command: int
    code: str
    detail: str = ""
    retry_at: datetime
    at: datetime


class ProposalExecuted(Event, frozen=True, kw_only=True):
    """All of its commands were carried out, by these orders (``at``: when, UTC)."""

    topic: ClassVar[str] = "proposal.executed.v1"
    orders: tuple[str, ...] = ()
    at: datetime


class ProposalExpired(Event, frozen=True, kw_only=True):
    """Its execution failed for too long (``at``: when, UTC)."""

    topic: ClassVar[str] = "proposal.expired.v1"
    at: datetime


class ProposalCancelled(Event, frozen=True, kw_only=True):
    """It was taken back, or a guardian stopped it.

    Attributes:
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposal.cancelled.v1"
    reason: str = ""
    by: str
    at: datetime


class DepositSettled(Event, frozen=True, kw_only=True):
    """The deposit went back or was burned (``at``: when, UTC)."""

    topic: ClassVar[str] = "proposal.deposit_settled.v1"
    deposit: Deposit
    at: datetime


class VotesPaid(Event, frozen=True, kw_only=True):
    """Some who voted got their AIA_GOV, or there was none left.

    Attributes:
        batch: Which payment of the proposal's, from 0.
        voters: Whose votes these were.
        paid: How much they got together, base units.
        funded: The pool had as much.
        last: There are no others.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposal.votes_paid.v1"
    batch: int
    voters: tuple[str, ...]
    paid: int
    funded: bool = True
    last: bool = False
    at: datetime


class VoteCast(Event, frozen=True, kw_only=True):
    """Somebody voted.

    Attributes:
        proposal_id: On what.
        voter: Who.
        choice: What.
        own: The voter's own power at the snapshot, base units.
        delegated: What was delegated to it then, by whichever way; of these, who votes itself
            takes its part back.
        reason: Why, for people.
        by: Who gave the command.
        at: When, UTC.
    """

    topic: ClassVar[str] = "vote.cast.v1"
    proposal_id: str
    voter: str
    choice: Choice
    own: int
    delegated: int = 0
    reason: str = ""
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (
    ProposalCreated,
    ProposalActivated,
    VotingClosed,
    ProposalSucceeded,
    ProposalDefeated,
    ProposalVetoed,
    ProposalQueued,
    ExecutionFailed,
    ProposalExecuted,
    ProposalExpired,
    ProposalCancelled,
    DepositSettled,
    VotesPaid,
    VoteCast,
)
"""Every event of proposals and votes, for the topic registry."""


def proposal_stream(proposal_id: str) -> str:
    """Return the stream of a proposal."""
    return stream_of("proposal", proposal_id)


def vote_stream(proposal_id: str, voter: str) -> str:
    """Return the stream of one voter's vote on a proposal.

    Both ids may hold colons: those of the first are escaped, so that no other two make the same.
    """
    return stream_of("vote", f"{proposal_id.replace(':', '%3A')}:{voter}")
