"""One election while it runs: votes as they come in, and what they amount to so far.

Delegation is liquid: power that was delegated at the snapshot counts for whoever votes first among
its owner's delegate, the delegate of that one and so on; an owner that votes itself takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from aia_mas.domain.economy.governance.power import PowerHistory
from aia_mas.domain.economy.governance.tally import Choice, Outcome, Rules, Tally, decided


class Ballot(msgspec.Struct, frozen=True, array_like=True):
    """What a voter said.

    Attributes:
        choice: What.
        own: Its own power at the snapshot, base units.
        paid_by: The power that it is paid by, if it is; see ``VoteRounds``.
    """

    choice: Choice
    own: int
    paid_by: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an election stands.

    Attributes:
        tally: What was cast, with what is cast by way of delegates.
        total: All power at the snapshot.
        voters: How many have voted.
        snapshot: The position of the log at which power counts.
    """

    tally: Tally
    total: int
    voters: int
    snapshot: int


class Election:
    """Counts votes in any order to the same tally.

    Attributes:
        snapshot: The position of the log at which power counts.
        round_id: The one at which the power counts that votes are paid by, at most.
        ballots: Who has voted.
        tally: What was cast, with what is cast by way of delegates.
        fixed: What of it is the voters' own.
    """

    __slots__ = ("_taken", "ballots", "fixed", "round_id", "snapshot", "tally")

    def __init__(self, snapshot: int, round_id: int) -> None:
        """Begin without votes."""
        self.snapshot = snapshot
        self.round_id = round_id
        self.ballots: dict[str, Ballot] = {}
        self.tally = self.fixed = Tally()
        # What of the power delegated to an agent is cast by somebody below it.
        self._taken: dict[str, int] = {}

    def vote(self, history: PowerHistory, voter: str, choice: Choice) -> None:
        """Count a vote; a second one of the same voter changes nothing."""
        if voter in self.ballots:
            return
        at = self.snapshot
        own = history.own(voter, at)
        power = own + history.received(voter, at) - self._taken.get(voter, 0)
        self.ballots[voter] = Ballot(choice, own, min(own, history.own(voter, self.round_id)))
        self.fixed = self.fixed.plus(choice, own)
        self.tally = self.tally.plus(choice, power)
        for above in history.above(voter, at):
            self._taken[above] = self._taken.get(above, 0) + power
            if (ballot := self.ballots.get(above)) is not None:
                # It had this power until now.
                self.tally = self.tally.plus(ballot.choice, -power)
                break

    def outcome(self, history: PowerHistory, rules: Rules) -> Outcome | None:
        """Return the outcome if it is decided already."""
        return decided(self.fixed, history.total(self.snapshot), rules)

    def standing(self, history: PowerHistory) -> Standing:
        """Return how it stands."""
        return Standing(
            tally=self.tally,
            total=history.total(self.snapshot),
            voters=len(self.ballots),
            snapshot=self.snapshot,
        )

    def recounted(self, history: PowerHistory) -> Election:
        """Return it with all votes counted once more."""
        again = Election(self.snapshot, self.round_id)
        for voter, choice in self.votes():
            again.vote(history, voter, choice)
        return again

    def votes(self) -> Iterator[tuple[str, Choice]]:
        """Yield who has said what."""
        for voter, ballot in self.ballots.items():
            yield voter, ballot.choice
