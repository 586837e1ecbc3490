"""The to-do list of governance: votes are counted here, and what comes next is known.

Every node folds it, so that each knows the power that a voter has and how an election stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Any, ClassVar, Self

import msgspec

from aia_mas.domain.economy.governance import delegation
from aia_mas.domain.economy.governance import proposal_events as events
from aia_mas.domain.economy.governance.delegation import (
    VotesDelegated,
    VotesReceived,
    VotesWithdrawn,
)
from aia_mas.domain.economy.governance.election import Election, Standing
from aia_mas.domain.economy.governance.open_proposal import AT_ONCE, OpenProposal
from aia_mas.domain.economy.governance.power import PowerHistory
from aia_mas.domain.economy.governance.proposal_events import (
    ExecutionFailed,
    ProposalActivated,
    ProposalCreated,
    ProposalQueued,
    ProposalSucceeded,
    Result,
    VoteCast,
    VotingClosed,
)
from aia_mas.domain.economy.governance.tally import Choice, Outcome
from aia_mas.domain.economy.governance.vote_rounds import VoteRound, VoteRounds
from aia_mas.domain.economy.staking import events as staking
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied, drained

_ROWS = 200
_VOID = 100


class Elections:
    """Power, the votes of open proposals, and what is to be done for these.

    Attributes:
        history: Whose power was what.
    """

    name: ClassVar[str] = "elections"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {*events.EVENTS, *delegation.EVENTS, *staking.EVENTS}
    )

    def __init__(self) -> None:
        """Start with nothing."""
        self.history = PowerHistory()
        self._proposals: dict[str, OpenProposal] = {}
        self._elections: dict[str, Election] = {}
        self._rounds = VoteRounds()
        # When to look at what; void where it is planned otherwise by now.
        self._planned: dict[str, datetime] = {}
        self._looks: list[tuple[datetime, str]] = []
        self._ready: dict[str, None] = {}

    def apply(self, happened: Happened) -> None:
        """Fold one event."""
        event, entity = happened.event, entity_of(happened.stream)
        if isinstance(event, staking.StakeEvent):
            self.history.bonded(happened.position, entity, event.bonded + event.bonded_gov)
        elif isinstance(event, VotesDelegated):
            self.history.delegated(happened.position, entity, event.to)
        elif isinstance(event, VotesWithdrawn):
            self.history.delegated(happened.position, entity, "")
        elif isinstance(event, VotesReceived):
            self.history.noted(entity)
        elif isinstance(event, VoteCast):
            self._voted(event)
        elif isinstance(event, ProposalCreated):
            self._proposals[entity] = OpenProposal(
                proposer=event.proposer,
                terms=event.terms,
                orders=event.orders,
                gov_per_vote=event.gov_per_vote,
                gov_round_seconds=event.gov_round_seconds,
                starts_at=event.starts_at,
                deposit=bool(event.terms.deposit),
            )
            self._plan(entity)
        elif (proposal := self._proposals.get(entity)) is not None:
            _FOLDS[type(event)](self, entity, proposal, happened)
            if proposal.done:
                self._drop(entity)
            else:
                self._plan(entity)

    def standing(self, proposal_id: str) -> Standing | None:
        """Return how the vote on a proposal stands; None: none is on."""
        election = self._elections.get(proposal_id)
        return None if election is None else election.standing(self.history)

    def power(self, proposal_id: str, voter: str) -> tuple[int, int] | None:
        """Return a voter's own and delegated power in an election; None: none is on."""
        election = self._elections.get(proposal_id)
        if election is None:
            return None
        at = election.snapshot
        return self.history.own(voter, at), self.history.received(voter, at)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return what is to be done now."""
        while self._looks and self._looks[0][0] <= now:
            when, proposal_id = heappop(self._looks)
            if self._planned.get(proposal_id) == when:
                self._ready[proposal_id] = None
        works: list[Work] = []
        for proposal_id in list(self._ready):
            if len(works) >= most:
                break
            proposal = self._proposals[proposal_id]
            election = self._elections.get(proposal_id)
            works += proposal.works(proposal_id, now, election, self.history)
        return works[:most]

    def next_due(self) -> datetime | None:
        """Return when the next proposal is to be looked at."""
        while self._looks and self._planned.get(self._looks[0][1]) != self._looks[0][0]:
            heappop(self._looks)
        return self._looks[0][0] if self._looks else None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy: power first, then proposals, then their votes."""
        power = yield from copied(self.history.rows(), 1_000)
        rounds = list(self._rounds.rows())
        paid = yield from copied(self._rounds.voters())
        proposals = [
            (proposal_id, msgspec.structs.replace(proposal))
            for proposal_id, proposal in self._proposals.items()
        ]
        ballots: list[tuple[str, str, Choice]] = []
        for proposal_id, election in self._elections.items():
            votes = ((proposal_id, voter, choice) for voter, choice in election.votes())
            ballots += yield from copied(votes, 2_000)
        return _encoded(power, rounds, paid, proposals, ballots)

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for piece in pieces:
            part = _decode(piece)
            for kind, key, line in part.power:
                restored.history.restore(kind, key, line)
            restored._rounds.restore(part.rounds, part.paid)
            for proposal_id, proposal in part.proposals:
                restored._proposals[proposal_id] = proposal
                if proposal.ends_at is not None and not (proposal.counted or proposal.over):
                    election = Election(proposal.snapshot, proposal.round_id)
                    restored._elections[proposal_id] = election
                restored._plan(proposal_id)
            for some in chunks(part.ballots, 50):
                for proposal_id, voter, choice in some:
                    restored._elections[proposal_id].vote(restored.history, voter, choice)
                yield
            yield
        return restored

    def _plan(self, proposal_id: str) -> None:
        when = self._proposals[proposal_id].next()
        self._ready.pop(proposal_id, None)
        if when is None:
            self._planned.pop(proposal_id, None)
        elif when is AT_ONCE:
            self._planned.pop(proposal_id, None)
            self._ready[proposal_id] = None
        elif self._planned.get(proposal_id) != when:
            self._planned[proposal_id] = when
            heappush(self._looks, (when, proposal_id))
            if len(self._looks) > 2 * len(self._planned) + _VOID:
                # Where nobody asks what is due, on a node that does not lead, nothing is popped.
                self._looks = [(at, each) for each, at in self._planned.items()]
                heapify(self._looks)

    def _drop(self, proposal_id: str) -> None:
        del self._proposals[proposal_id]
        self._planned.pop(proposal_id, None)
        self._ready.pop(proposal_id, None)

    def _voted(self, event: VoteCast) -> None:
        proposal_id = event.proposal_id
        election = self._elections.get(proposal_id)
        if election is None:
            return
        election.vote(self.history, event.voter, event.choice)
        proposal = self._proposals[proposal_id]
        if not proposal.decided and election.outcome(self.history, proposal.terms) is not None:
            proposal.decided = True
            self._plan(proposal_id)

    def _over(self, proposal_id: str, proposal: OpenProposal) -> None:
        """End the election, and what was to come after it."""
        if self._elections.pop(proposal_id, None) is not None:
            self.history.close(proposal_id)
            self._rounds.leave(self.history, proposal.round_id)
        proposal.over, proposal.execute_at = True, None

    def _activated(self, proposal_id: str, proposal: OpenProposal, happened: Happened) -> None:
        event = happened.event
        assert isinstance(event, ProposalActivated)
        # Exactly what was before this event: the head that it was appended to.
        proposal.snapshot = snapshot = happened.position - 1
        proposal.ends_at = event.ends_at
        self.history.open(proposal_id, snapshot)
        proposal.round_id = self._rounds.enter(
            self.history, snapshot, event.at, proposal.gov_round_seconds
        )
        self._elections[proposal_id] = Election(snapshot, proposal.round_id)

    def _closed(self, _id: str, proposal: OpenProposal, _happened: Happened) -> None:
        proposal.closed = True

    def _counted(self, proposal_id: str, proposal: OpenProposal, happened: Happened) -> None:
        """Take in the result, and who is to be paid for voting."""
        election = self._elections.get(proposal_id)
        result: Result | None = getattr(happened.event, "result", None)
        if election is not None and result is not None and result.outcome is not Outcome.NO_QUORUM:
            proposal.unpaid = self._rounds.owed(election, proposal.gov_per_vote)
        self._over(proposal_id, proposal)
        proposal.counted = True
        # With orders its queueing follows at once.
        proposal.over = not (isinstance(happened.event, ProposalSucceeded) and proposal.orders)

    def _queued(self, _id: str, proposal: OpenProposal, happened: Happened) -> None:
        event = happened.event
        assert isinstance(event, ProposalQueued)
        proposal.execute_at, proposal.expires_at = event.execute_after, event.expires_at

    def _failed(self, _id: str, proposal: OpenProposal, happened: Happened) -> None:
        event = happened.event
        assert isinstance(event, ExecutionFailed)
        proposal.failures += 1
        proposal.execute_at = event.retry_at

    def _ended(self, proposal_id: str, proposal: OpenProposal, _happened: Happened) -> None:
        self._over(proposal_id, proposal)

    def _deposited(self, _id: str, proposal: OpenProposal, _happened: Happened) -> None:
        proposal.deposit = False

    def _paid(self, _id: str, proposal: OpenProposal, _happened: Happened) -> None:
        proposal.paid()


_Fold = Callable[[Elections, str, OpenProposal, Happened], None]

_FOLDS: dict[type[Event], _Fold] = {
    ProposalActivated: Elections._activated,
    VotingClosed: Elections._closed,
    ProposalSucceeded: Elections._counted,
    events.ProposalDefeated: Elections._counted,
    events.ProposalVetoed: Elections._counted,
    ProposalQueued: Elections._queued,
    ExecutionFailed: Elections._failed,
    events.ProposalExecuted: Elections._ended,
    events.ProposalExpired: Elections._ended,
    events.ProposalCancelled: Elections._ended,
    events.DepositSettled: Elections._deposited,
    events.VotesPaid: Elections._paid,
}


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    power: list[tuple[str, str, list[Any]]] = []
    rounds: list[tuple[int, VoteRound]] = []
    paid: list[tuple[int, str]] = []
    proposals: list[tuple[str, OpenProposal]] = []
    ballots: list[tuple[str, str, Choice]] = []


# JSON, because amounts are larger than the integers of MessagePack.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode


def _encoded(
    power: list[Any],
    rounds: list[Any],
    paid: list[Any],
    proposals: list[Any],
    ballots: list[Any],
) -> Iterator[bytes]:
    for some in drained(power, _ROWS):
        yield _encode(_Piece(power=some))
    yield _encode(_Piece(rounds=rounds))
    for some in drained(paid, 10 * _ROWS):
        yield _encode(_Piece(paid=some))
    for some in drained(proposals, 10):
        yield _encode(_Piece(proposals=some))
    for some in drained(ballots, _ROWS):
        yield _encode(_Piece(ballots=some))
