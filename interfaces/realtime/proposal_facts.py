"""The topic ``proposals``: every event of a proposal, and every vote."""

from __future__ import annotations

from datetime import datetime

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.governance import proposal_events as events
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import to_text
from aia_mas.interfaces.realtime.facts import FactTopic, Keys, Update


class ProposalTold(Update, kw_only=True, omit_defaults=True):
    """The ``data`` of a ``proposal_update``; a member is there where the event tells it.

    Power is in tokens. What a proposal says and does is not told: who wants it asks for it.

    Attributes:
        proposal_id: Which proposal.
        status: Where the event leaves it.
        kind: Its kind.
        title: What is proposed, in a line.
        proposer: By whom.
        starts_at: When voting begins, UTC.
        ends_at: When it ends unless all is decided before, UTC.
        early: Voting ended because nothing could change the outcome any more.
        outcome: How the vote ended.
        yes: Power for it.
        no: Power against it.
        abstain: Power that counts for the quorum only.
        veto: Power against it that wants it never to have been made.
        total: All power at the snapshot.
        voters: How many voted.
        voter: Who voted.
        choice: What that one said.
        own: Its own power.
        delegated: What was delegated to it.
        execute_after: When it is executed, UTC.
        expires_at: Until when that is tried, UTC.
        code: Why it could not be executed.
        retry_at: When that is tried again, UTC.
        orders: The orders that it was executed by.
        deposit: What became of the deposit.
        reason: Why it was cancelled or vetoed, or why somebody voted so.
    """

    proposal_id: str
    status: str | None = None
    kind: str | None = None
    title: str | None = None
    proposer: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    early: bool | None = None
    outcome: str | None = None
    yes: str | None = None
    no: str | None = None
    abstain: str | None = None
    veto: str | None = None
    total: str | None = None
    voters: int | None = None
    voter: str | None = None
    choice: str | None = None
    own: str | None = None
    delegated: str | None = None
    execute_after: datetime | None = None
    expires_at: datetime | None = None
    code: str | None = None
    retry_at: datetime | None = None
    orders: tuple[str, ...] | None = None
    deposit: str | None = None
    reason: str | None = None


# The status that an event leads to (None: it changes none), and what of the event is told under its
# own name.
TOLD: dict[type[Event], tuple[ProposalStatus | None, tuple[str, ...]]] = {
    events.ProposalCreated: (ProposalStatus.PENDING, ("title", "proposer", "starts_at")),
    events.ProposalActivated: (ProposalStatus.ACTIVE, ("ends_at",)),
    events.VotingClosed: (None, ("early",)),
    events.ProposalSucceeded: (ProposalStatus.SUCCEEDED, ()),
    events.ProposalDefeated: (ProposalStatus.DEFEATED, ()),
    events.ProposalVetoed: (ProposalStatus.VETOED, ("reason",)),
    events.ProposalQueued: (ProposalStatus.QUEUED, ("execute_after", "expires_at")),
    events.ExecutionFailed: (None, ("code", "retry_at")),
    events.ProposalExecuted: (ProposalStatus.EXECUTED, ("orders",)),
    events.ProposalExpired: (ProposalStatus.EXPIRED, ()),
    events.ProposalCancelled: (ProposalStatus.CANCELLED, ("reason",)),
    events.DepositSettled: (None, ("deposit",)),
    events.VoteCast: (None, ("voter", "choice", "reason")),
}
"""The events that are told of, by class."""


def told_proposal(name: str, entity_id: str, recorded: RecordedEvent) -> ProposalTold:
    """Return what is told of an event of a proposal, or of a vote.

    Args:
        name: The short name of the event.
        entity_id: What its stream is about.
        recorded: The event.
    """
    event = recorded.event
    status, told = TOLD[type(event)]
    update = ProposalTold(
        event=name,
        version=recorded.version,
        at=recorded.recorded_at,
        actor=recorded.actor,
        proposal_id=event.proposal_id if type(event) is events.VoteCast else entity_id,
        status=None if status is None else status.value,
    )
    for field in told:
        setattr(update, field, getattr(event, field) or None)
    if type(event) is events.ProposalCreated:
        update.kind = event.terms.name
    elif type(event) is events.VotingClosed:
        update.early = event.early
    elif type(event) is events.VoteCast:
        update.own, update.delegated = to_text(event.own), to_text(event.delegated)
    result: events.Result | None = getattr(event, "result", None)
    if result is not None:
        tally = result.tally
        update.outcome, update.voters = result.outcome.value, result.voters
        update.yes, update.no = to_text(tally.yes), to_text(tally.no)
        update.abstain, update.veto = to_text(tally.abstain), to_text(tally.veto)
        update.total = to_text(result.total)
    return update


def _describe(name: str, entity_id: str, recorded: RecordedEvent) -> tuple[Update, Keys]:
    told = told_proposal(name, entity_id, recorded)
    who = told.voter or told.proposer
    return told, Keys(agent_id=who, status=told.status, proposal_id=told.proposal_id)


PROPOSALS = FactTopic(
    "proposals",
    category="proposal",
    beside=frozenset({"vote"}),
    frame_type="proposal_update",
    events=TOLD,
    statuses=frozenset(ProposalStatus),
    describe=_describe,
)
"""Subscribe to it for ``proposal_update`` frames."""
