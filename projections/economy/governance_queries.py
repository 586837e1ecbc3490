"""What is asked of the read model of governance, wherever it is kept."""

from __future__ import annotations

from typing import Protocol

from aia_mas.domain.economy.governance.proposal import VoteState
from aia_mas.projections.economy.governance import (
    DelegationFilter,
    ProposalFilter,
    StoredDelegation,
    StoredProposal,
    VoteFilter,
)
from aia_mas.projections.listing import Found, Page


class GovernanceQueries(Protocol):
    """Queries about proposals, votes and delegations; see ``Governance``."""

    async def proposal(self, proposal_id: str) -> Found[StoredProposal]:
        """Return a proposal, and the position at which it stood so."""
        ...

    async def proposals(
        self,
        filters: ProposalFilter = ...,
        sort: str = "-created_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[StoredProposal]:
        """Return one page of proposals."""
        ...

    async def count_proposals(self, filters: ProposalFilter) -> int:
        """Return how many proposals there are."""
        ...

    async def votes(
        self,
        filters: VoteFilter = ...,
        sort: str = "at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[VoteState]:
        """Return one page of votes."""
        ...

    async def count_votes(self, filters: VoteFilter) -> int:
        """Return how many votes there are."""
        ...

    async def delegation(self, agent_id: str) -> Found[StoredDelegation]:
        """Return the delegation of an agent, and the position at which it stood so."""
        ...

    async def delegations(
        self,
        filters: DelegationFilter = ...,
        sort: str = "agent_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[StoredDelegation]:
        """Return one page of delegations."""
        ...

    async def count_delegations(self, filters: DelegationFilter) -> int:
        """Return how many delegations there are."""
        ...
