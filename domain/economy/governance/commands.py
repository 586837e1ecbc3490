"""What may be asked about proposals and votes; times are those of the decision."""

from __future__ import annotations

from typing import Any

import msgspec

from aia_mas.domain.economy.governance.proposal_events import ProposedOrder, Result
from aia_mas.domain.economy.governance.tally import Choice


class CreateProposal(msgspec.Struct, frozen=True, kw_only=True):
    """Propose something; the fields without a word here: see ``ProposalCreated``.

    Attributes:
        kind: Of which kind.
        filled: For each order what only the application knows.
        open: The proposals that its proposer had open when it made the last one, as far as known.
    """

    proposal_id: str
    kind: str
    title: str
    body: str = ""
    orders: tuple[ProposedOrder, ...] = ()
    proposer: str
    filled: tuple[dict[str, Any], ...] = ()
    open: tuple[str, ...] = ()


class CastVote(msgspec.Struct, frozen=True, kw_only=True):
    """Vote, once and for all.

    Attributes:
        proposal_id: On what.
        voter: Who.
        choice: What.
        reason: Why, for people.
        own: The voter's own power at the snapshot; None: not known here yet.
        delegated: What was delegated to it then.
    """

    proposal_id: str
    voter: str
    choice: Choice
    reason: str = ""
    own: int | None = None
    delegated: int = 0


class CancelProposal(msgspec.Struct, frozen=True, kw_only=True):
    """Take a proposal back, or stop it."""

    proposal_id: str
    reason: str = ""


class VetoProposal(msgspec.Struct, frozen=True, kw_only=True):
    """Stop a proposal as a guardian, and have its deposit burned."""

    proposal_id: str
    reason: str


class RequestExecution(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for the execution of a proposal, which the settlement sees to by itself."""

    proposal_id: str


class ActivateProposal(msgspec.Struct, frozen=True, kw_only=True):
    """Begin the vote."""

    proposal_id: str


class CloseVoting(msgspec.Struct, frozen=True, kw_only=True):
    """Take no more votes (``early``: because nothing can change the outcome)."""

    proposal_id: str
    early: bool = False


class RecordResult(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the vote ended."""

    proposal_id: str
    result: Result


class ExecuteProposal(msgspec.Struct, frozen=True, kw_only=True):
    """Carry out what was accepted.

    Attributes:
        proposal_id: Which proposal.
        orders: Its orders.
        filled: For each of them what only the application knows.
    """

    proposal_id: str
    orders: tuple[ProposedOrder, ...]
    filled: tuple[dict[str, Any], ...] = ()


class ExpireProposal(msgspec.Struct, frozen=True, kw_only=True):
    """Give up a proposal whose execution failed for too long."""

    proposal_id: str


class SettleDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """Give the deposit back, or burn it (``proposer``: whose it is)."""

    proposal_id: str
    proposer: str


class PayVotes(msgspec.Struct, frozen=True, kw_only=True):
    """Pay some who voted.

    Attributes:
        proposal_id: On what.
        batch: Which payment, from 0.
        voters: Who, each with the power that it is paid by, base units.
        last: There are no others.
    """

    proposal_id: str
    batch: int
    voters: tuple[tuple[str, int], ...]
    last: bool = False
