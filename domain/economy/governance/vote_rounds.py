"""Rounds of payments for votes: whoever votes is paid once in each, for power it had all along.

Votes are paid by the power behind them. Were each one paid, somebody with much power would make
proposals only to vote on them, and be paid as often as it likes. A round begins with the first vote
that begins after the one before is over; in it a voter is paid for one vote, by the smaller of its
power when the round began and when that vote began. So stake that goes from agent to agent
meanwhile is paid once, too, and all payments of a round together are for no more than all power
that there was when it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from aia_mas.domain.economy.governance.election import Election
from aia_mas.domain.economy.governance.payments import payment_of
from aia_mas.domain.economy.governance.power import PowerHistory


class VoteRound(msgspec.Struct):
    """One round.

    Attributes:
        began_at: When its first vote began, UTC.
        running: How many of its votes are not counted yet.
        paid: Who was paid in it.
    """

    began_at: datetime
    running: int = 0
    paid: set[str] = set()


class VoteRounds:
    """The round that goes on, and those before it that still have votes to be counted.

    A round is known by the position of the log at which its power counts.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._rounds: dict[int, VoteRound] = {}

    def enter(self, history: PowerHistory, snapshot: int, at: datetime, seconds: float) -> int:
        """Return the round of a vote that begins; a new one, when the last one is over.

        Args:
            history: Keeps the power at its beginning.
            snapshot: The position at which power counts in the vote.
            at: When the vote begins, UTC.
            seconds: How long a round is.
        """
        last = max(self._rounds, default=None)
        if last is None or at >= self._rounds[last].began_at + timedelta(seconds=seconds):
            self._rounds[snapshot] = VoteRound(at)
            history.open(_key(snapshot), snapshot)
            if last is not None and not self._rounds[last].running:
                self._forget(history, last)
            last = snapshot
        self._rounds[last].running += 1
        return last

    def leave(self, history: PowerHistory, round_id: int) -> None:
        """Note that a vote is counted, or came to nothing."""
        known = self._rounds[round_id]
        known.running -= 1
        if not known.running and round_id != max(self._rounds):
            self._forget(history, round_id)

    def owed(self, election: Election, gov_per_vote: int) -> list[tuple[str, int]]:
        """Return who is paid for a vote that was counted, by which power; and pay it no more.

        In an order that does not depend on who voted first.

        Args:
            election: The votes.
            gov_per_vote: See ``ProposalCreated``.
        """
        paid = self._rounds[election.round_id].paid
        owed = sorted(
            (voter, ballot.paid_by)
            for voter, ballot in election.ballots.items()
            if payment_of(gov_per_vote, ballot.paid_by) and voter not in paid
        )
        paid.update(voter for voter, _ in owed)
        return owed

    def rows(self) -> Iterator[tuple[int, VoteRound]]:
        """Yield all of it for a snapshot."""
        for round_id, known in self._rounds.items():
            yield round_id, msgspec.structs.replace(known, paid=set())

    def voters(self) -> Iterator[tuple[int, str]]:
        """Yield who was paid in which round, likewise."""
        for round_id, known in self._rounds.items():
            for voter in sorted(known.paid):
                yield round_id, voter

    def restore(
        self, rows: Iterable[tuple[int, VoteRound]], voters: Iterable[tuple[int, str]]
    ) -> None:
        """Take some of both back."""
        self._rounds |= dict(rows)
        for round_id, voter in voters:
            self._rounds[round_id].paid.add(voter)

    def _forget(self, history: PowerHistory, round_id: int) -> None:
        del self._rounds[round_id]
        history.close(_key(round_id))


def _key(round_id: int) -> str:
    """Return how a round is known to the history; no proposal has a slash in its id."""
    return f"round/{round_id}"
