"""Governance as the API shows it: proposals, votes and delegations, one by one and in lists."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.economy.governance.delegation import DelegationState
from aia_mas.domain.economy.governance.proposal import ProposalState, ProposalStatus, VoteState
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.projections.economy.governance_fold import GOVERNANCE
from aia_mas.projections.listing import Conditions, Found, Listing, Page, SortKey, check_texts


class ProposalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which proposals are listed; empty fields do not restrict.

    Attributes:
        status: In these statuses.
        kind: Of this kind.
        proposer: Made by this one.
    """

    status: tuple[str, ...] = ()
    kind: str | None = None
    proposer: str | None = None


class VoteFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which votes are listed; empty fields do not restrict.

    Attributes:
        proposal_id: On this proposal.
        voter: Of this one.
        choice: That say this.
    """

    proposal_id: str | None = None
    voter: str | None = None
    choice: str | None = None


class DelegationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which delegations are listed (``to``: to this one); those taken back are none."""

    to: str | None = None


class StoredProposal(NamedTuple):
    """A proposal (``snapshot``: the position at which power counts; None: voting has not begun)."""

    proposal_id: str
    state: ProposalState
    snapshot: int | None


class StoredDelegation(NamedTuple):
    """A delegation."""

    agent_id: str
    state: DelegationState


class Governance:
    """Reads the tables of governance; ``ProjectionHost`` keeps them up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def proposal(self, proposal_id: str) -> Found[StoredProposal]:
        """Return a proposal."""
        row, position = await _PROPOSALS.one(self._pool, proposal_id)
        return Found(None if row is None else proposal_of(row), position)

    async def proposals(
        self,
        filters: ProposalFilter = ProposalFilter(),  # noqa: B008 - immutable
        sort: str = "-created_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[StoredProposal]:
        """Return one page of proposals.

        Args:
            filters: Which ones.
            sort: created_at or updated_at; ``-`` before it: the other way round.
            cursor: That of the page before.
            limit: At most so many, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _PROPOSALS.page(
            self._pool, _of_proposals(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([proposal_of(row) for row in rows], following, position)

    async def count_proposals(self, filters: ProposalFilter) -> int:
        """Return how many proposals there are."""
        return await _PROPOSALS.count(self._pool, _of_proposals(filters))

    async def votes(
        self,
        filters: VoteFilter = VoteFilter(),  # noqa: B008 - immutable
        sort: str = "at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[VoteState]:
        """Return one page of votes (``sort``: at or power; the others: see ``proposals``)."""
        rows, following, position = await _VOTES.page(
            self._pool, _of_votes(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([vote_of(row) for row in rows], following, position)

    async def count_votes(self, filters: VoteFilter) -> int:
        """Return how many votes there are."""
        return await _VOTES.count(self._pool, _of_votes(filters))

    async def delegation(self, agent_id: str) -> Found[StoredDelegation]:
        """Return the delegation of an agent, also one that was taken back."""
        row, position = await _DELEGATIONS.one(self._pool, agent_id)
        return Found(None if row is None else delegation_of(row), position)

    async def delegations(
        self,
        filters: DelegationFilter = DelegationFilter(),  # noqa: B008 - immutable
        sort: str = "agent_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[StoredDelegation]:
        """Return one page of delegations (``sort``: agent_id or since)."""
        rows, following, position = await _DELEGATIONS.page(
            self._pool, _of_delegations(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([delegation_of(row) for row in rows], following, position)

    async def count_delegations(self, filters: DelegationFilter) -> int:
        """Return how many delegations there are."""
        return await _DELEGATIONS.count(self._pool, _of_delegations(filters))


_TABLE, _VOTE_TABLE, _DELEGATION_TABLE = GOVERNANCE.table_names()

PROPOSAL_COLUMNS = ("proposal_id", "state", "snapshot")
VOTE_COLUMNS = ("proposal_id", "voter", "choice", "own", "delegated", "reason", "at")
DELEGATION_COLUMNS = ("agent_id", "delegate", "since")

_PROPOSALS = Listing(
    GOVERNANCE,
    select="p.proposal_id, p.state::text, p.snapshot",
    source=f"{_TABLE} p",
    key="p.proposal_id",
    sorts={
        "created_at": SortKey("p.created_position", "bigint"),
        "updated_at": SortKey("p.position", "bigint"),
    },
    large=("p.state",),
)
_VOTES = Listing(
    GOVERNANCE,
    select="v.proposal_id, v.voter, v.choice, v.own, v.delegated, v.reason, v.at",
    source=f"{_VOTE_TABLE} v",
    key="v.vote",
    sorts={
        "at": SortKey("v.position", "bigint"),
        "power": SortKey("(v.own + v.delegated)", "numeric"),
    },
    large=("v.reason",),
)
_DELEGATIONS = Listing(
    GOVERNANCE,
    select="d.agent_id, d.delegate, d.since",
    source=f"{_DELEGATION_TABLE} d",
    key="d.agent_id",
    sorts={
        "agent_id": SortKey("d.agent_id", "text"),
        "since": SortKey("d.position", "bigint"),
    },
    large=("d.delegate",),
)
_state = msgspec.json.Decoder(ProposalState).decode


def proposal_of(row: Any) -> StoredProposal:
    """Return the proposal of a row of ``PROPOSAL_COLUMNS``."""
    return StoredProposal(row[0], _state(row[1]), row[2])


def vote_of(row: Any) -> VoteState:
    """Return the vote of a row of ``VOTE_COLUMNS``; who gave the command is not in it."""
    return VoteState(
        proposal_id=row[0],
        voter=row[1],
        choice=Choice(row[2]),
        own=int(row[3]),
        delegated=int(row[4]),
        reason=row[5],
        by=row[1],
        at=row[6],
    )


def delegation_of(row: Any) -> StoredDelegation:
    """Return the delegation of a row of ``DELEGATION_COLUMNS``."""
    return StoredDelegation(row[0], DelegationState(to=row[1], since=row[2]))


def check_proposals(filters: ProposalFilter) -> None:
    """Refuse filters that no proposal can pass.

    Raises:
        InvalidValue: A status is none, or a text cannot be stored.
    """
    check_texts(filters)
    _check_words("status", filters.status, [status.value for status in ProposalStatus])


def check_votes(filters: VoteFilter) -> None:
    """Refuse filters that no vote can pass.

    Raises:
        InvalidValue: A choice is none, or a text cannot be stored.
    """
    check_texts(filters)
    if filters.choice is not None:
        _check_words("choice", (filters.choice,), [choice.value for choice in Choice])


def _check_words(field: str, words: tuple[str, ...], known: list[str]) -> None:
    if not set(words) <= set(known):
        raise InvalidValue(f"{field} is one of {', '.join(known)}", field=field)


def _of_proposals(filters: ProposalFilter) -> Conditions:
    check_proposals(filters)
    conditions = Conditions()
    if filters.status:
        conditions.add_choice("p.status", filters.status)
    _add(conditions, ("p.kind", filters.kind), ("p.proposer", filters.proposer))
    return conditions


def _of_votes(filters: VoteFilter) -> Conditions:
    check_votes(filters)
    conditions = Conditions()
    _add(
        conditions,
        ("v.proposal_id", filters.proposal_id),
        ("v.voter", filters.voter),
        ("v.choice", filters.choice),
    )
    return conditions


def _of_delegations(filters: DelegationFilter) -> Conditions:
    check_texts(filters)
    conditions = Conditions()
    conditions.add("d.delegate <> ''")
    _add(conditions, ("d.delegate", filters.to))
    return conditions


def _add(conditions: Conditions, *wanted: tuple[str, str | None]) -> None:
    for column, value in wanted:
        if value is not None:
            conditions.add(f"{column} = %s", value)
