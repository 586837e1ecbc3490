"""What an election comes to, reckoned from the log alone: tally, outcome, and who is paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

CHOICES = ("yes", "no", "abstain", "veto")
"""What a voter may say."""
_MILLION = 1_000_000
_PAID_POWER = 100 * 10**18


class Round:
    """A time in which everybody is paid for one vote.

    Attributes:
        began_at: Since when.
        power: Everybody's own power then.
        paid: Who was paid in it.
    """

    def __init__(self, began_at: datetime, power: dict[str, int]) -> None:
        """Begin, with nobody paid."""
        self.began_at = began_at
        self.power = power
        self.paid: set[str] = set()


class Proposal:
    """A proposal, from its beginning to its payments.

    Attributes:
        terms: By which it is decided.
        snapshot: The position at which power counts.
        power: Everybody's own power then.
        delegates: To whom everybody delegated then.
        received: What that brings to whom, by whichever way.
        votes: Who voted what.
        round: The round in which its voters are paid.
        open: It is not decided.
        closed: No more votes are taken.
        early: Before its time.
        counted: The votes were counted.
        burns: The deposit is to be burned.
        executable: When it may be executed.
        deposit: What became of the deposit.
        owed: Who is to be paid for voting, by which power.
        paid: Who was.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Begin with what was proposed."""
        self.terms: Mapping[str, Any] = data["terms"]
        self.gov_per_vote: int = data.get("gov_per_vote", 0)
        self.round_length = timedelta(seconds=data.get("gov_round_seconds", 0))
        self.round: Round | None = None
        self.snapshot: int | None = None
        self.power: dict[str, int] = {}
        self.delegates: dict[str, str] = {}
        self.received: dict[str, int] = {}
        self.votes: dict[str, str] = {}
        self.open = True
        self.closed = self.early = self.burns = self.counted = False
        self.executable: datetime | None = None
        self.deposit = "held" if self.terms["deposit"] else None
        self.owed: dict[str, int] = {}
        self.paid: set[str] = set()

    def activate(self, position: int, power: dict[str, int], delegates: dict[str, str]) -> None:
        """Keep how power is spread."""
        self.snapshot, self.power, self.delegates = position, power, delegates
        received: defaultdict[str, int] = defaultdict(int)
        for agent_id, own in power.items():
            for above in self.above(agent_id):
                received[above] += own
        self.received = dict(received)

    def above(self, agent_id: str) -> list[str]:
        """Return an agent's delegate, the delegate of that one, and so on."""
        found: list[str] = []
        at = self.delegates.get(agent_id, "")
        while at and at not in found:
            found.append(at)
            at = self.delegates.get(at, "")
        return found

    def tally(self) -> dict[str, int]:
        """Count: everybody's power goes to its own vote, or to the next one above that voted."""
        tally = dict.fromkeys(CHOICES, 0)
        for agent_id, own in self.power.items():
            for each in (agent_id, *self.above(agent_id)):
                if each in self.votes:
                    tally[self.votes[each]] += own
                    break
        return tally

    def fixed(self) -> dict[str, int]:
        """Count what nobody can take back: voters' own power."""
        tally = dict.fromkeys(CHOICES, 0)
        for voter, choice in self.votes.items():
            tally[choice] += self.power.get(voter, 0)
        return tally

    def outcome(self, tally: Mapping[str, int]) -> str:
        """Return what a tally comes to."""
        terms, cast = self.terms, sum(tally.values())
        if not cast or cast * _MILLION < terms["quorum_ppm"] * sum(self.power.values()):
            return "no_quorum"
        if tally["veto"] and tally["veto"] * _MILLION >= terms["veto_ppm"] * cast:
            return "vetoed"
        against = cast - tally["abstain"]
        return "succeeded" if tally["yes"] * _MILLION > terms["threshold_ppm"] * against else (
            "defeated"
        )  # fmt: skip

    def in_round(self, last: Round | None, at: datetime) -> Round:
        """Return the round in which its voters are paid; a new one when the last one is over.

        Args:
            last: The last one.
            at: When voting begins, UTC.
        """
        if last is None or at - last.began_at >= self.round_length:
            last = Round(at, self.power)
        self.round = last
        return last

    def owe(self) -> None:
        """Note who is paid: once in a round, by what it had when that and the vote began."""
        assert self.round is not None
        for voter in self.votes:
            power = min(self.power.get(voter, 0), self.round.power.get(voter, 0))
            if voter not in self.round.paid and self.payment(power):
                self.owed[voter] = power
        self.round.paid.update(self.owed)

    def payment(self, power: int) -> int:
        """Return what is paid for some power, base units of AIA_GOV."""
        return self.gov_per_vote * (power // _PAID_POWER)
