"""What is sent about proposals, votes and delegations, and the lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.economy.proposal_views import Proposal, TallyView, Vote, VoteDelegation
from aia_mas.domain.economy.governance.commands import CastVote, CreateProposal
from aia_mas.domain.economy.governance.delegation import DelegateVotes
from aia_mas.domain.economy.governance.kinds import TEXT
from aia_mas.domain.economy.governance.proposing import (
    LONGEST_BODY,
    LONGEST_REASON,
    LONGEST_TITLE,
    MOST_ORDERS,
)
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.interfaces.http.schemas.proposal_commands import Command, proposed_orders
from aia_mas.interfaces.http.schemas.values import AgentId

_Title = Annotated[
    str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_TITLE})
]
_Body = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": LONGEST_BODY})]
_Reason = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": LONGEST_REASON})]
_Commands = Annotated[Sequence[Command], msgspec.Meta(extra_json_schema={"maxItems": MOST_ORDERS})]


class ProposalRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proposal.

    Attributes:
        title: What is proposed, in a line.
        kind: Its kind, see `proposal_kinds` of the parameters; what it may do, and on which terms
            it is decided.
        body: What is proposed, at length.
        commands: What is done when it succeeds, in order, all of it or nothing.
        proposer: Whose deposit is held; left out: the caller.
        proposal_id: Its id; left out: a new one.
    """

    title: _Title
    kind: str = TEXT
    body: _Body = ""
    commands: _Commands = ()
    proposer: AgentId | None = None
    proposal_id: AgentId | None = None

    def command(self, new_id: str, caller: str, now: datetime) -> CreateProposal:
        """Return the command (``new_id``, ``caller``: where nothing is said; ``now``: UTC).

        Raises:
            InvalidValue: A command makes no sense; ``others`` has whatever else is wrong.
        """
        proposal_id = new_id if self.proposal_id is None else self.proposal_id
        return CreateProposal(
            proposal_id=proposal_id,
            kind=self.kind,
            title=self.title,
            body=self.body,
            orders=proposed_orders(self.commands, proposal_id, now),
            proposer=caller if self.proposer is None else self.proposer,
        )


class VoteRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vote; it is final.

    Attributes:
        choice: What is said.
        voter: Whose power it is; left out: that of the caller.
        reason: Why, for people.
    """

    choice: Choice
    voter: AgentId | None = None
    reason: _Reason = ""

    def command(self, proposal_id: str, caller: str) -> CastVote:
        """Return the command (``caller``: who votes where nothing is said)."""
        return CastVote(
            proposal_id=proposal_id,
            voter=caller if self.voter is None else self.voter,
            choice=self.choice,
            reason=self.reason,
        )


class ProposalStop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a proposal is stopped; guardians must say so."""

    reason: _Reason = ""


class VotesTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom an agent's votes go while it does not vote itself."""

    to: AgentId

    def command(self, agent_id: str) -> DelegateVotes:
        """Return the command."""
        return DelegateVotes(agent_id=agent_id, to=self.to)


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


class ProposalAndPower(Proposal, frozen=True, kw_only=True):
    """A proposal, with the power of the voter that was asked for, while voting is on."""

    voting_power: VotingPower | None = None


class ProposalTally(msgspec.Struct, frozen=True, kw_only=True):
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


class ProposalPage(msgspec.Struct, frozen=True, kw_only=True):
    """Proposals (``next_cursor``: for the next page; ``total``: when asked for)."""

    items: list[Proposal]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class VotePage(msgspec.Struct, frozen=True, kw_only=True):
    """Votes (``next_cursor``: for the next page; ``total``: when asked for)."""

    items: list[Vote]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class VoteDelegationPage(msgspec.Struct, frozen=True, kw_only=True):
    """Delegations (``next_cursor``: for the next page; ``total``: when asked for)."""

    items: list[VoteDelegation]
    next_cursor: str | None
    total: int | UnsetType = UNSET
