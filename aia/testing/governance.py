"""Governance in memory: the queries of ``Governance`` over the rows of the same fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from fractions import Fraction
from typing import Any

from aia.testing.pages import Order, page_of
from aia.testing.snapshots import is_wanted_proposal, memory_reading
from aia.testing.tables import Tables
from aia_mas.domain.economy.governance.proposal import VoteState
from aia_mas.projections.economy.governance import (
    DELEGATION_COLUMNS,
    VOTE_COLUMNS,
    DelegationFilter,
    ProposalFilter,
    StoredDelegation,
    StoredProposal,
    VoteFilter,
    check_proposals,
    check_votes,
    delegation_of,
    vote_of,
)
from aia_mas.projections.economy.governance_fold import DelegationRow, ProposalRow, VoteRow
from aia_mas.projections.economy.proposal_items import told_proposal
from aia_mas.projections.listing import Found, Page, check_texts
from aia_mas.projections.snapshot_reading import Reading, Wanted


class MemoryGovernance:
    """Answers as ``Governance`` does."""

    def __init__(self, tables: Tables, position: Callable[[], int]) -> None:
        """Read the tables of governance (``position``: how far they have come)."""
        self._tables = tables
        self._position = position

    async def proposal(self, proposal_id: str) -> Found[StoredProposal]:
        """Return a proposal."""
        row = self._tables.rows[0].get(proposal_id)
        return Found(None if row is None else _proposal(row), self._position())

    async def proposals(
        self,
        filters: ProposalFilter = ProposalFilter(),  # noqa: B008 - immutable
        sort: str = "-created_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[StoredProposal]:
        """Return one page of proposals; see ``Governance.proposals``."""
        return page_of(
            self._proposals(filters),
            _proposal,
            _PROPOSAL_ORDERS,
            lambda row: row.proposal_id,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count_proposals(self, filters: ProposalFilter) -> int:
        """Return how many proposals there are."""
        return sum(1 for _ in self._proposals(filters))

    async def votes(
        self,
        filters: VoteFilter = VoteFilter(),  # noqa: B008 - immutable
        sort: str = "at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[VoteState]:
        """Return one page of votes; see ``Governance.votes``."""
        return page_of(
            self._votes(filters),
            _vote,
            _VOTE_ORDERS,
            lambda row: row.vote,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    def snapshot(self, wanted: Wanted, limit: int) -> AbstractAsyncContextManager[Reading]:
        """Open the list of proposals, made last first, as it is now; so many at most."""
        rows = sorted(self._tables.rows[0].values(), key=lambda row: -row.created_position)
        items = (
            told_proposal(row.proposal_id, row.version, row.state)
            for row in rows
            if is_wanted_proposal(row.proposal_id, row.proposer, row.status, wanted)
        )
        return memory_reading(items, limit, self._position())

    async def count_votes(self, filters: VoteFilter) -> int:
        """Return how many votes there are."""
        return sum(1 for _ in self._votes(filters))

    async def delegation(self, agent_id: str) -> Found[StoredDelegation]:
        """Return the delegation of an agent, also one that was taken back."""
        row = self._tables.rows[2].get(agent_id)
        return Found(None if row is None else _delegation(row), self._position())

    async def delegations(
        self,
        filters: DelegationFilter = DelegationFilter(),  # noqa: B008 - immutable
        sort: str = "agent_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[StoredDelegation]:
        """Return one page of delegations; see ``Governance.delegations``."""
        return page_of(
            self._delegations(filters),
            _delegation,
            _DELEGATION_ORDERS,
            lambda row: row.agent_id,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count_delegations(self, filters: DelegationFilter) -> int:
        """Return how many delegations there are."""
        return sum(1 for _ in self._delegations(filters))

    def _proposals(self, filters: ProposalFilter) -> Iterator[ProposalRow]:
        check_proposals(filters)
        wanted = {"kind": filters.kind, "proposer": filters.proposer}
        rows = _having(self._tables.rows[0], wanted)
        return (row for row in rows if not filters.status or row.status in filters.status)

    def _votes(self, filters: VoteFilter) -> Iterator[VoteRow]:
        check_votes(filters)
        wanted = {
            "proposal_id": filters.proposal_id,
            "voter": filters.voter,
            "choice": filters.choice,
        }
        return _having(self._tables.rows[1], wanted)

    def _delegations(self, filters: DelegationFilter) -> Iterator[DelegationRow]:
        check_texts(filters)
        rows = _having(self._tables.rows[2], {"delegate": filters.to})
        return (row for row in rows if row.delegate)


# Any: the rows of a table are its own Struct.
def _having(rows: dict[str, Any], wanted: dict[str, str | None]) -> Iterator[Any]:
    given = {name: value for name, value in wanted.items() if value is not None}
    return (
        row
        for row in rows.values()
        if all(getattr(row, name) == value for name, value in given.items())
    )


def _proposal(row: ProposalRow) -> StoredProposal:
    return StoredProposal(row.proposal_id, row.state, row.snapshot)


def _vote(row: VoteRow) -> VoteState:
    return vote_of([getattr(row, name) for name in VOTE_COLUMNS])


def _delegation(row: DelegationRow) -> StoredDelegation:
    return delegation_of([getattr(row, name) for name in DELEGATION_COLUMNS])


_PROPOSAL_ORDERS = {
    "created_at": Order(lambda row: Fraction(row.created_position)),
    "updated_at": Order(lambda row: Fraction(row.position)),
}
_VOTE_ORDERS = {
    "at": Order(lambda row: Fraction(row.position)),
    "power": Order(lambda row: Fraction(int(row.own) + int(row.delegated))),
}
_DELEGATION_ORDERS = {
    "agent_id": Order(lambda row: row.agent_id, str),
    "since": Order(lambda row: Fraction(row.position)),
}
