"""How far agents have come in one program, and what they have earned by that."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.domain.economy.incentives.events import Award, AwardsPaid, Outcome
from aia_mas.domain.economy.incentives.terms import Criterion, Payout, ProgramTerms

MOST_AT_ONCE = 100
"""Agents that are paid at once."""


class Progress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far an agent has come.

    Attributes:
        counted: How much of its work counted, in all.
        towards: How much of that counts towards the next award.
        awards: How many it has earned.
        paid: How many of them were paid.
    """

    counted: int = 0
    towards: int = 0
    awards: int = 0
    paid: int = 0


class Standing(msgspec.Struct, kw_only=True):
    """A program as it runs; changed in place by the fold that holds it.

    Attributes:
        program_id: Which program.
        terms: What it says.
        agents: How far each agent has come.
        queue: Whose awards wait to be paid, one entry each, those earned first at the front; of
            programs that pay in the end: nobody's.
        winners: How many agents have earned an award.
        spent: What was paid, base units.
        payments: How many times.
        cancelled: Nothing more is earned.
        closed: It is over.
    """

    program_id: str
    terms: ProgramTerms
    agents: dict[str, Progress] = {}
    queue: list[str] = []
    winners: int = 0
    spent: int = 0
    payments: int = 0
    cancelled: bool = False
    closed: bool = False

    def counts_at(self, at: datetime) -> bool:
        """Tell whether work counts at a time."""
        running = not self.cancelled and not self.closed
        return running and self.terms.starts_at <= at < self.terms.ends_at

    def eligible(self, agent_id: str, task_type: str, tier: str | None) -> bool:
        """Tell whether the work of an agent at such a task counts."""
        wanted = self.terms.eligibility
        return (
            (not wanted.task_types or task_type in wanted.task_types)
            and (not wanted.agents or agent_id in wanted.agents)
            and (not wanted.tiers or tier in wanted.tiers)
        )

    def completed(self, agent_id: str) -> None:
        """Count a task that an agent completed."""
        if self.terms.criterion is not Criterion.QUALITY:
            self._count(agent_id)

    def rated(self, agent_id: str, rating: float) -> None:
        """Count a result of an agent that its client rated."""
        least = self.terms.min_rating
        if self.terms.criterion is Criterion.QUALITY and least is not None and rating >= least:
            self._count(agent_id)

    def failed(self, agent_id: str) -> None:
        """Begin an agent's streak anew: it failed at a task, or lost one."""
        progress = self.agents.get(agent_id)
        if self.terms.criterion is Criterion.STREAK and progress is not None:
            progress.towards = 0

    def paid(self, event: AwardsPaid) -> None:
        """Take note of what was paid."""
        self.spent, self.payments = event.paid, event.number
        for award in event.awards:
            self.agents.setdefault(award.agent_id, Progress()).paid += award.awards
            if self.terms.payout is Payout.FIXED:
                self._leave_queue(award.agent_id, award.awards)

    def to_pay(self, now: datetime) -> tuple[Award, ...]:
        """Return what is to be paid next; nothing when there is nothing, or not yet."""
        if self.terms.payout is Payout.FIXED:
            return self._fixed()
        if self.cancelled or now < self.terms.ends_at:
            return ()
        return self._shares()

    def outcome(self, now: datetime) -> Outcome | None:
        """Return why the program is to be closed, once nothing is left to pay; None: it is not."""
        terms = self.terms
        if self.cancelled:
            return Outcome.CANCELLED
        if now >= terms.ends_at:
            return Outcome.ENDED
        if terms.amount is not None and terms.budget - self.spent < terms.amount:
            return Outcome.EXHAUSTED
        if terms.payout is Payout.FIXED and terms.winners is not None and not self.queue:
            return Outcome.COMPLETED if self.winners >= terms.winners else None
        return None

    def _count(self, agent_id: str) -> None:
        terms = self.terms
        progress = self.agents.get(agent_id)
        if progress is None:
            progress = self.agents[agent_id] = Progress()
        progress.counted += 1
        most = terms.most_awards
        if most is not None and progress.awards >= most:
            return
        progress.towards += 1
        if progress.towards < terms.count:
            return
        progress.towards = 0
        if terms.winners is not None and self.winners >= terms.winners:
            return
        progress.awards += 1
        self.winners += progress.awards == 1
        if terms.payout is Payout.FIXED:
            self.queue.append(agent_id)

    def _fixed(self) -> tuple[Award, ...]:
        amount = self.terms.amount
        assert amount is not None
        affordable = (self.terms.budget - self.spent) // amount
        awards: dict[str, int] = {}
        for agent_id in self.queue[:affordable]:
            if agent_id not in awards and len(awards) == MOST_AT_ONCE:
                break
            awards[agent_id] = awards.get(agent_id, 0) + 1
        return tuple(Award(each, number, number * amount) for each, number in awards.items())

    def _shares(self) -> tuple[Award, ...]:
        """Return the shares of agents that have none yet: of the whole budget, rounded down."""
        total = sum(progress.awards for progress in self.agents.values())
        awards: list[Award] = []
        for agent_id, progress in self.agents.items():
            amount = self.terms.budget * progress.awards // total if progress.awards else 0
            if amount and not progress.paid:
                awards.append(Award(agent_id, progress.awards, amount))
                if len(awards) == MOST_AT_ONCE:
                    break
        return tuple(awards)

    def _leave_queue(self, agent_id: str, awards: int) -> None:
        kept: list[str] = []
        for each in self.queue:
            if each == agent_id and awards:
                awards -= 1
            else:
                kept.append(each)
        self.queue = kept
