"""A proposal that still has something coming: what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from aia_mas.domain.economy.governance.commands import (
    ActivateProposal,
    CloseVoting,
    ExecuteProposal,
    ExpireProposal,
    PayVotes,
    RecordResult,
    SettleDeposit,
)
from aia_mas.domain.economy.governance.election import Election
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.payments import VOTERS_AT_ONCE
from aia_mas.domain.economy.governance.power import PowerHistory
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder, Result
from aia_mas.domain.economy.governance.tally import outcome_of
from aia_mas.domain.economy.todo import Work

AT_ONCE = datetime.min.replace(tzinfo=UTC)
"""Due, whatever the time is."""


class OpenProposal(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A proposal as far as something is to be done for it; times are UTC.

    Attributes:
        proposer: Whose deposit it is.
        terms: On which terms it is decided.
        orders: What it does.
        gov_per_vote: See ``ProposalCreated``.
        gov_round_seconds: Likewise.
        starts_at: When voting begins.
        ends_at: When it ends; None: it has not begun.
        snapshot: The position at which power counts.
        round_id: The round in which its voters are paid; see ``VoteRounds``.
        closed: The votes are to be counted.
        decided: Nothing can change the outcome.
        counted: The result is known.
        execute_at: When it is to be executed (again); None: it is not.
        expires_at: Until when.
        failures: How often that failed.
        over: Nothing more happens to it but payments.
        deposit: The deposit is to be settled at the end.
        unpaid: Who voted and gets something for it, with the power that it is paid by.
        batch: The next payment.
    """

    proposer: str
    terms: ProposalKind
    orders: tuple[ProposedOrder, ...] = ()
    gov_per_vote: int = 0
    gov_round_seconds: int = 0
    starts_at: datetime
    ends_at: datetime | None = None
    snapshot: int = 0
    round_id: int = 0
    closed: bool = False
    decided: bool = False
    counted: bool = False
    execute_at: datetime | None = None
    expires_at: datetime | None = None
    failures: int = 0
    over: bool = False
    deposit: bool = False
    unpaid: list[tuple[str, int]] = []
    batch: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing at all is left to be done."""
        return self.over and not self.deposit and not self.unpaid

    def gives_up_at(self) -> datetime | None:
        """Return when it expires, if that comes before its execution is tried again."""
        expires_at, execute_at = self.expires_at, self.execute_at
        late = expires_at is not None and execute_at is not None and execute_at >= expires_at
        return expires_at if self.failures and late else None

    def next(self) -> datetime | None:
        """Return when something is to be done; None: something else has to happen first."""
        if self.unpaid or (self.over and self.deposit):
            return AT_ONCE
        if self.over or (self.counted and self.execute_at is None):
            return None
        if self.execute_at is not None:
            return self.gives_up_at() or self.execute_at
        if self.closed or self.decided:
            return AT_ONCE
        return self.starts_at if self.ends_at is None else self.ends_at

    def works(
        self, proposal_id: str, now: datetime, election: Election | None, history: PowerHistory
    ) -> Iterator[Work]:
        """Yield what is to be done now."""
        if self.unpaid:
            yield self._payment(proposal_id)
        if self.over:
            if self.deposit:
                command = SettleDeposit(proposal_id=proposal_id, proposer=self.proposer)
                yield Work(f"deposit:{proposal_id}", command)
            return
        if self.execute_at is not None:
            yield from self._execution(proposal_id, now)
        elif self.counted:
            return
        elif self.ends_at is None:
            if self.starts_at <= now:
                command_ = ActivateProposal(proposal_id=proposal_id)
                yield Work(f"activate:{proposal_id}", command_)
        elif self.closed:
            assert election is not None
            yield self._result(proposal_id, election, history)
        elif self.decided or self.ends_at <= now:
            close = CloseVoting(proposal_id=proposal_id, early=self.decided)
            yield Work(f"close:{proposal_id}", close)

    def paid(self) -> None:
        """Note that the next payment was made."""
        self.unpaid = self.unpaid[VOTERS_AT_ONCE:]
        self.batch += 1

    def _payment(self, proposal_id: str) -> Work:
        command = PayVotes(
            proposal_id=proposal_id,
            batch=self.batch,
            voters=tuple(self.unpaid[:VOTERS_AT_ONCE]),
            last=len(self.unpaid) <= VOTERS_AT_ONCE,
        )
        return Work(f"votes:{proposal_id}:{self.batch}", command)

    def _execution(self, proposal_id: str, now: datetime) -> Iterator[Work]:
        gives_up_at = self.gives_up_at()
        if gives_up_at is not None:
            if gives_up_at <= now:
                yield Work(f"lapse:{proposal_id}", ExpireProposal(proposal_id=proposal_id))
            return
        assert self.execute_at is not None
        if self.execute_at <= now:
            # Each try is a work of its own: what failed stands in the log as what came of that one.
            execute = ExecuteProposal(proposal_id=proposal_id, orders=self.orders)
            yield Work(f"execute:{proposal_id}:{self.failures}", execute)

    def _result(self, proposal_id: str, election: Election, history: PowerHistory) -> Work:
        standing = election.standing(history)
        result = Result(
            outcome=outcome_of(standing.tally, standing.total, self.terms),
            tally=standing.tally,
            total=standing.total,
            voters=standing.voters,
            snapshot=standing.snapshot,
        )
        return Work(f"result:{proposal_id}", RecordResult(proposal_id=proposal_id, result=result))
