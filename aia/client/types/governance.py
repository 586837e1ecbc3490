# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about governance."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer


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
    outcome: str
    final: bool


class Proposal(Answer, frozen=True, kw_only=True):
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
    status: str
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
    deposit: str | None
    tally: TallyView | None
    execute_after: datetime | None
    expires_at: datetime | None
    failed_execution: FailedExecution | None
    orders: list[str]
    reason: str
    ended_at: datetime | None


class VotingPower(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's power in an election, tokens.

    Attributes:
        voter: Whose.
        own: Its own.
        delegated: What was delegated to it, by whichever way; of these, who votes itself takes its
            part back.
    """

    voter: str
    own: str
    delegated: str


class ProposalAndPower(Answer, frozen=True, kw_only=True):
    """A proposal, with the power of the voter that was asked for, while voting is on.

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
    status: str
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
    deposit: str | None
    tally: TallyView | None
    execute_after: datetime | None
    expires_at: datetime | None
    failed_execution: FailedExecution | None
    orders: list[str]
    reason: str
    ended_at: datetime | None
    voting_power: VotingPower | None = None


class ProposalPage(Answer, frozen=True, kw_only=True):
    """Proposals (`next_cursor`: for the next page; `total`: when asked for).

    Attributes:
        next_cursor: For the next page.
        total: When asked for.
    """

    items: list[Proposal]
    next_cursor: str | None
    total: int | None = None


class ProposalTally(Answer, frozen=True, kw_only=True):
    """How the vote on a proposal stands, with the terms by which it is decided.

    Attributes:
        proposal_id: Which proposal.
        status: Where it stands.
        voting_open: Votes are taken.
        quorum: The power that must at least be cast, tokens.
        tally: The votes; None: voting has not begun, or a guardian ended it.
        quorum_ppm: Of all power, what must at least be cast, millionths.
        threshold_ppm: Of what is cast but abstentions, what yes must exceed, millionths.
        veto_ppm: Of what is cast, what vetoes must at least come to, millionths.
    """

    proposal_id: str
    status: str
    voting_open: bool
    quorum: str | None
    tally: TallyView | None
    quorum_ppm: int
    threshold_ppm: int
    veto_ppm: int


class Vote(Answer, frozen=True, kw_only=True):
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
    choice: str
    own: str
    delegated: str
    reason: str
    at: datetime


class VoteDelegation(Answer, frozen=True, kw_only=True):
    """To whom an agent's votes go while it does not vote itself.

    Attributes:
        agent_id: Whose.
        to: To whom; None: to nobody.
        since: Since when, UTC.
    """

    agent_id: str
    to: str | None
    since: datetime


class VoteDelegationPage(Answer, frozen=True, kw_only=True):
    """Delegations (`next_cursor`: for the next page; `total`: when asked for).

    Attributes:
        next_cursor: For the next page.
        total: When asked for.
    """

    items: list[VoteDelegation]
    next_cursor: str | None
    total: int | None = None


class VotePage(Answer, frozen=True, kw_only=True):
    """Votes (`next_cursor`: for the next page; `total`: when asked for).

    Attributes:
        next_cursor: For the next page.
        total: When asked for.
    """

    items: list[Vote]
    next_cursor: str | None
    total: int | None = None
