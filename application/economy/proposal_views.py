"""Proposals, votes and delegations as clients see them; amounts are decimal strings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.application.economy.order_desk import shown_order
from aia_mas.application.economy.order_kinds import ORDER_KINDS
from aia_mas.domain.economy.governance.delegation import DelegationState
from aia_mas.domain.economy.governance.election import Standing
from aia_mas.domain.economy.governance.proposal import ProposalState, ProposalStatus, VoteState
from aia_mas.domain.economy.governance.proposal_events import Deposit, ProposedOrder, Result
from aia_mas.domain.economy.governance.tally import Choice, Outcome, Tally, outcome_of
from aia_mas.domain.kernel.money import to_text


class ProposalTerms(msgspec.Struct, frozen=True, kw_only=True):
    """On which terms a proposal is decided; shares in millionths.

    Attributes:
        delay_seconds: From the proposal to the beginning of the vote; power counts from then.
        period_seconds: How long is voted, unless all is decided before.
        quorum_ppm: Of all power, what must at least be cast (abstentions count).
        threshold_ppm: Of what is cast but abstentions, what yes must exceed.
        veto_ppm: Of what is cast, what vetoes must at least come to.
        timelock_seconds: From the end of the vote to the execution.
        grace_seconds: For how long after that an execution that fails is tried again.
        deposit: What is held of the proposer's AIA until the end.
    """

    delay_seconds: float
    period_seconds: float
    quorum_ppm: int
    threshold_ppm: int
    veto_ppm: int
    timelock_seconds: float
    grace_seconds: float
    deposit: str


class TallyView(msgspec.Struct, frozen=True, kw_only=True):
    """The votes on a proposal, so far or in the end; power in tokens.

    Attributes:
        yes: Power for it.
        no: Power against it.
        abstain: Power that counts for the quorum only.
        veto: Power against it that wants it never to have been made.
        cast: All of that.
        total: All power at the snapshot.
        voters: How many have voted themselves.
        snapshot_position: The position of the log at which power counts.
        outcome: How it ended, or would end now.
        final: The votes are counted.
    """

    yes: str
    no: str
    abstain: str
    veto: str
    cast: str
    total: str
    voters: int
    snapshot_position: int
    outcome: Outcome
    final: bool


class FailedExecution(msgspec.Struct, frozen=True, kw_only=True):
    """Why an accepted proposal could not be executed yet.

    Attributes:
        command: Which of its commands, from 0.
        code: The stable code of the refusal.
        detail: What was said about that.
        failures: How often it was tried.
        retry_at: When it is tried again, UTC.
    """

    command: int
    code: str
    detail: str
    failures: int
    retry_at: datetime


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal; times are UTC.

    Attributes:
        proposal_id: Its id.
        kind: Its kind.
        status: Where it stands.
        title: What, in a line.
        body: What, at length.
        commands: What is done when it succeeds: each has a `kind` and what that takes.
        proposer: By whom it was made.
        created_at: When.
        starts_at: When voting begins or began.
        ends_at: When it ends unless all is decided before.
        voting_open: Votes are taken.
        decided_early: Voting ended when nothing could change the outcome any more.
        terms: On which terms it is decided.
        deposit: What became of the deposit; None: there is none.
        tally: The votes so far, or in the end; None: there are none yet.
        execute_after: When it is executed, unless a guardian stops it before.
        expires_at: Until when that is tried.
        failed_execution: Why it could not be executed yet.
        orders: The orders that it was executed by.
        reason: Why it was cancelled or vetoed by a guardian.
        ended_at: Since when nothing can become of it but what it is.
    """

    proposal_id: str
    kind: str
    status: ProposalStatus
    title: str
    body: str
    commands: list[dict[str, Any]]
    proposer: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    voting_open: bool
    decided_early: bool
    terms: ProposalTerms
    deposit: Deposit | None
    tally: TallyView | None
    execute_after: datetime | None
    expires_at: datetime | None
    failed_execution: FailedExecution | None
    orders: list[str]
    reason: str
    ended_at: datetime | None


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """A vote; power in tokens, at the snapshot.

    Attributes:
        proposal_id: On what.
        voter: Whose.
        choice: What.
        own: The voter's own power.
        delegated: What was delegated to it, by whichever way; of these, who votes itself takes its
            part back.
        reason: Why.
        at: When, UTC.
    """

    proposal_id: str
    voter: str
    choice: Choice
    own: str
    delegated: str
    reason: str
    at: datetime


class VoteDelegation(msgspec.Struct, frozen=True, kw_only=True):
    """To whom an agent's votes go while it does not vote itself.

    Attributes:
        agent_id: Whose.
        to: To whom; None: to nobody.
        since: Since when, UTC.
    """

    agent_id: str
    to: str | None
    since: datetime


def proposal_view(
    proposal_id: str, state: ProposalState, standing: Standing | None = None
) -> Proposal:
    """Return a proposal as clients see it (``standing``: of the vote, while it is on)."""
    terms, failure = state.terms, state.failure
    executed = state.status is ProposalStatus.EXECUTED
    return Proposal(
        proposal_id=proposal_id,
        kind=terms.name,
        status=state.status,
        title=state.title,
        body=state.body,
        commands=[{"kind": each.kind, **_shown(each)} for each in state.orders],
        proposer=state.proposer,
        created_at=state.created_at,
        starts_at=state.starts_at,
        ends_at=state.ends_at,
        voting_open=state.status is ProposalStatus.ACTIVE and not state.closed,
        decided_early=state.early,
        terms=ProposalTerms(
            delay_seconds=terms.delay_seconds,
            period_seconds=terms.period_seconds,
            quorum_ppm=terms.quorum_ppm,
            threshold_ppm=terms.threshold_ppm,
            veto_ppm=terms.veto_ppm,
            timelock_seconds=terms.timelock_seconds,
            grace_seconds=terms.grace_seconds,
            deposit=to_text(terms.deposit),
        ),
        deposit=state.deposit,
        tally=tally_view(state, standing),
        execute_after=state.execute_after,
        expires_at=state.expires_at,
        failed_execution=None
        if failure is None
        else FailedExecution(
            command=failure.command,
            code=failure.code,
            detail=failure.detail,
            failures=state.failures,
            retry_at=failure.retry_at,
        ),
        orders=[f"proposal:{proposal_id}:{number}" for number in range(len(state.orders))]
        if executed
        else [],
        reason=state.reason,
        ended_at=state.ended_at,
    )


def _shown(proposed: ProposedOrder) -> dict[str, Any]:
    kind = ORDER_KINDS.get(proposed.kind)
    amounts = frozenset[str]() if kind is None else kind.amounts
    given = {name: value for name, value in proposed.order.items() if value is not None}
    shown: dict[str, Any] = shown_order(given, amounts)
    return shown


def tally_view(state: ProposalState, standing: Standing | None) -> TallyView | None:
    """Return the votes on a proposal: the result, else how the vote stands, if one is on."""
    if state.result is not None:
        return _tally(state.result, state.result.tally, state.result.outcome, final=True)
    if standing is None:
        return None
    outcome = outcome_of(standing.tally, standing.total, state.terms)
    return _tally(standing, standing.tally, outcome, final=False)


def _tally(one: Result | Standing, tally: Tally, outcome: Outcome, *, final: bool) -> TallyView:
    return TallyView(
        yes=to_text(tally.yes),
        no=to_text(tally.no),
        abstain=to_text(tally.abstain),
        veto=to_text(tally.veto),
        cast=to_text(tally.cast),
        total=to_text(one.total),
        voters=one.voters,
        snapshot_position=one.snapshot,
        outcome=outcome,
        final=final,
    )


def vote_view(state: VoteState) -> Vote:
    """Return a vote as clients see it."""
    return Vote(
        proposal_id=state.proposal_id,
        voter=state.voter,
        choice=state.choice,
        own=to_text(state.own),
        delegated=to_text(state.delegated),
        reason=state.reason,
        at=state.at,
    )


def delegation_view(agent_id: str, state: DelegationState) -> VoteDelegation:
    """Return a delegation as clients see it."""
    return VoteDelegation(agent_id=agent_id, to=state.to or None, since=state.since)
