"""Proposals as a snapshot tells of them: as their events do, without what they say and do."""

from __future__ import annotations

from datetime import datetime

import msgspec
from psycopg.rows import TupleRow

from aia_mas.domain.economy.governance.proposal import ProposalState
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.governance_fold import GOVERNANCE
from aia_mas.projections.listing import Conditions
from aia_mas.projections.snapshot_reading import SnapshotSource, Wanted, add_choice


class ToldProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as everybody is told of it who watches; power in tokens.

    Attributes:
        proposal_id: Its id.
        version: How many events it has.
        status: Where it stands.
        kind: Its kind.
        title: What is proposed, in a line.
        proposer: By whom.
        created_at: When it was made, UTC.
        starts_at: When voting begins, UTC.
        ends_at: When it ends unless all is decided before, UTC; None: it has not begun.
        outcome: How the vote ended; None: it has not, or a guardian ended it.
        yes: Power for it, once it is counted; likewise the others.
        no: Power against it.
        abstain: Power that counts for the quorum only.
        veto: Power against it that wants it never to have been made.
        total: All power at the snapshot.
        voters: How many voted.
        execute_after: When it is executed, UTC; None: it is not.
        reason: Why it was cancelled, or vetoed by a guardian.
    """

    proposal_id: str
    version: int
    status: str
    kind: str
    title: str
    proposer: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    outcome: str | None
    yes: str | None
    no: str | None
    abstain: str | None
    veto: str | None
    total: str | None
    voters: int | None
    execute_after: datetime | None
    reason: str


def told_proposal(proposal_id: str, version: int, state: ProposalState) -> ToldProposal:
    """Return what is told of a proposal."""
    result = state.result
    tally = None if result is None else result.tally
    return ToldProposal(
        proposal_id=proposal_id,
        version=version,
        status=state.status.value,
        kind=state.terms.name,
        title=state.title,
        proposer=state.proposer,
        created_at=state.created_at,
        starts_at=state.starts_at,
        ends_at=state.ends_at,
        outcome=None if result is None else result.outcome.value,
        yes=None if tally is None else to_text(tally.yes),
        no=None if tally is None else to_text(tally.no),
        abstain=None if tally is None else to_text(tally.abstain),
        veto=None if tally is None else to_text(tally.veto),
        total=None if result is None else to_text(result.total),
        voters=None if result is None else result.voters,
        execute_after=state.execute_after,
        reason=state.reason,
    )


_state = msgspec.json.Decoder(ProposalState).decode


def _item(row: TupleRow) -> ToldProposal:
    return told_proposal(row[0], row[1], _state(bytes(row[2])))


def _conditions(wanted: Wanted) -> Conditions:
    conditions = Conditions()
    if wanted.task_ids is not None or wanted.task_types is not None:
        conditions.add("false")  # as with their events: no proposal carries these
    add_choice(conditions, "p.proposal_id", wanted.proposal_ids)
    add_choice(conditions, "p.proposer", wanted.agent_ids)
    add_choice(conditions, "p.status", wanted.statuses)
    return conditions


PROPOSAL_ITEMS = SnapshotSource(
    GOVERNANCE,
    f"select p.proposal_id, p.version, p.state from {GOVERNANCE.table_names()[0]} p",  # noqa: S608
    "p.created_position desc",
    _conditions,
    _item,
)
"""All proposals, those made last first."""
