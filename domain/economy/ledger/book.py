"""The book of one decision: the accounts and transfers it reads, and what it writes to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aia_mas.domain.economy.accounts import Purpose, account_stream, parse_account
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import (
    AlreadyReversed,
    ExceedsHold,
    Exists,
    HoldExpired,
    HoldNotPending,
    InsufficientFunds,
    NotReversible,
    SystemAccount,
    TransferNotFound,
)
from aia_mas.domain.economy.ledger.entry import Entry, Leg, check_legs, transfer_stream
from aia_mas.domain.economy.ledger.events import (
    BalanceChanged,
    HoldPosted,
    HoldVoided,
    TransferHeld,
    TransferPosted,
    TransferReversed,
)
from aia_mas.domain.economy.ledger.sameness import check_same
from aia_mas.domain.economy.ledger.states import (
    AccountState,
    TransferState,
    TransferStatus,
    evolve_account,
    evolve_transfer,
)
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.money import to_text

REVERSAL = "reversal"
"""The reason code of reversals that have no other."""
_EMPTY = AccountState()
_BOUND = frozenset(
    {
        Purpose.STAKED,
        Purpose.UNBONDING,
        Purpose.REWARDS_RESERVED,
        Purpose.STAKING_REWARDS,
        Purpose.INCENTIVE,
        # What is burnt has made room for what is issued: taken back, there would be too much.
        Purpose.BURN,
    }
)
"""Accounts whose balance stands for something else: to reverse a transfer would belie it."""


class Book:
    """Double entry for one decision: each act is carried out whole, or raises and changes nothing.

    Invariants: the legs of every transfer sum to 0 in each token; nothing but issuance is ever
    below 0, counting what is held; a transfer of one id happens once.

    Attributes:
        events: What happened, each with its stream, in order.
    """

    __slots__ = ("_at", "_by", "_settles", "_states", "events")

    def __init__(self, states: Mapping[str, Any], ctx: Context) -> None:
        """Open it on the states of all streams that will be touched (None: not there yet)."""
        self._states = dict(states)
        self._at, self._by = ctx.now, ctx.principal.subject
        self._settles = ctx.principal.subject == SETTLEMENT.subject
        self.events: list[tuple[str, Event]] = []

    def account(self, account_id: str) -> AccountState:
        """Return an account as it is now."""
        state: AccountState | None = self._states[account_stream(account_id)]
        return state or _EMPTY

    def available(self, account_id: str) -> int:
        """Return what may be taken out of an account, base units."""
        return self.account(account_id).available

    def transfer(self, transfer_id: str) -> TransferState | None:
        """Return a transfer as it is now; None: there is none."""
        state: TransferState | None = self._states[transfer_stream(transfer_id)]
        return state

    def post(self, entry: Entry) -> bool:
        """Move tokens at once.

        Returns:
            Whether anything was done: False when this very transfer was there.

        Raises:
            UnbalancedEntry: The legs are none.
            UnknownAccount: One has no account that there can be.
            Exists: The id is that of another transfer.
            SystemAccount: An account is written by the settlement only.
            InsufficientFunds: An account has not as much.
        """
        known = self.transfer(entry.transfer_id)
        if known is not None:
            check_same(known, entry, self._at, pending=False)
            return False
        self._post(entry)
        return True

    def hold(self, entry: Entry, expires_at: datetime | None = None) -> bool:
        """Set tokens aside, to be moved (``post_held``) or let go (``void``) later.

        Where they will go to may be left open (no leg above 0 of that token), and be an account of
        the system: that is written when it is posted. Errors and result: see ``post``.
        """
        known = self.transfer(entry.transfer_id)
        if known is not None:
            check_same(known, entry, self._at, pending=True, expires_at=expires_at)
            return False
        check_legs(entry.legs, open_ended=True)
        outgoing = [leg for leg in entry.legs if leg.amount < 0]
        self._change(
            entry.transfer_id, entry.reason, [(leg.account, 0, -leg.amount) for leg in outgoing]
        )
        held = TransferHeld(
            legs=entry.legs,
            reason=entry.reason,
            metadata=entry.metadata,
            expires_at=expires_at,
            by=self._by,
            at=self._at,
        )
        self._record(transfer_stream(entry.transfer_id), held)
        return True

    def post_held(self, transfer_id: str, legs: Iterable[Leg] | None = None) -> None:
        """Move what was set aside; what is not moved is let go.

        Args:
            transfer_id: The pending transfer.
            legs: What is moved, no account more than was set aside for it; None: all of it.

        Raises:
            TransferNotFound: There is none.
            HoldNotPending: It is not pending.
            HoldExpired: Its time is over.
            ExceedsHold: More than was set aside, or from or to other accounts.
            UnbalancedEntry: The legs are none.
            SystemAccount: An account is written by the settlement only.
        """
        state = self._pending(transfer_id)
        if state.expires_at is not None and state.expires_at <= self._at:
            raise HoldExpired(transfer_id=transfer_id)
        moved = state.legs if legs is None else tuple(legs)
        check_legs(moved)
        _check_within(state.legs, moved)
        amounts = {leg.account: leg.amount for leg in moved}
        freed = {leg.account: leg.amount for leg in state.legs if leg.amount < 0}
        changes = [(each, amounts.pop(each, 0), amount) for each, amount in freed.items()]
        changes += [(each, amount, 0) for each, amount in amounts.items()]
        self._change(transfer_id, state.reason, changes)
        posted = HoldPosted(legs=moved, by=self._by, at=self._at)
        self._record(transfer_stream(transfer_id), posted)

    def void(self, transfer_id: str, *, expired: bool = False) -> None:
        """Let go what was set aside.

        Raises:
            TransferNotFound: There is none.
            HoldNotPending: It is not pending.
        """
        state = self._pending(transfer_id)
        changes = [(leg.account, 0, leg.amount) for leg in state.legs if leg.amount < 0]
        self._change(transfer_id, state.reason, changes)
        voided = HoldVoided(expired=expired, by=self._by, at=self._at)
        self._record(transfer_stream(transfer_id), voided)

    def reverse(
        self,
        transfer_id: str,
        reversal_id: str,
        reason: str = REVERSAL,
        metadata: Mapping[str, str] = {},
    ) -> bool:
        """Take a transfer back, once.

        Args:
            transfer_id: Which one.
            reversal_id: The id of the transfer that does it.
            reason: The reason code of that.
            metadata: Whatever is to be kept with that.

        Returns:
            Whether anything was done: False when this very reversal was there.

        Raises:
            TransferNotFound: There is none.
            NotReversible: It moved nothing, is a reversal itself, or stands for something else.
            AlreadyReversed: Another one took it back.
            Exists: The id of the reversal is that of another transfer.
            InsufficientFunds: Who got it has not as much any more.
            SystemAccount: An account is written by the settlement only.
        """
        state = self.transfer(transfer_id)
        if state is None:
            raise TransferNotFound(transfer_id=transfer_id)
        if state.reversed_by == reversal_id:
            return False
        if state.reversed_by is not None:
            raise AlreadyReversed(transfer_id=transfer_id, reversed_by=state.reversed_by)
        if not is_reversible(state):
            raise NotReversible(transfer_id=transfer_id)
        legs = tuple(Leg(leg.account, -leg.amount) for leg in state.moved)
        entry = Entry(transfer_id=reversal_id, legs=legs, reason=reason, metadata=metadata)
        if self.transfer(reversal_id) is not None:
            raise Exists(transfer_id=reversal_id)
        self._post(entry, reverses=transfer_id)
        taken_back = TransferReversed(reversal_id=reversal_id, by=self._by, at=self._at)
        self._record(transfer_stream(transfer_id), taken_back)
        return True

    def _post(self, entry: Entry, reverses: str | None = None) -> None:
        check_legs(entry.legs)
        self._change(
            entry.transfer_id, entry.reason, [(leg.account, leg.amount, 0) for leg in entry.legs]
        )
        posted = TransferPosted(
            legs=entry.legs,
            reason=entry.reason,
            metadata=entry.metadata,
            reverses=reverses,
            by=self._by,
            at=self._at,
        )
        self._record(transfer_stream(entry.transfer_id), posted)

    def _pending(self, transfer_id: str) -> TransferState:
        state = self.transfer(transfer_id)
        if state is None:
            raise TransferNotFound(transfer_id=transfer_id)
        if state.status is not TransferStatus.PENDING:
            raise HoldNotPending(transfer_id=transfer_id, status=state.status)
        return state

    def _change(self, transfer_id: str, reason: str, changes: list[tuple[str, int, int]]) -> None:
        """Change balances and what is held, all of them or none."""
        events: list[tuple[str, BalanceChanged]] = []
        for account_id, amount, held in changes:
            account = parse_account(account_id)
            if account.is_system and not self._settles:
                raise SystemAccount(account_id=account_id)
            before = self.account(account_id)
            changed = BalanceChanged(
                transfer_id=transfer_id,
                amount=amount,
                balance=before.balance + amount,
                held=before.held + held,
                reason=reason,
                at=self._at,
            )
            short = changed.balance < changed.held and account.purpose is not Purpose.ISSUANCE
            if short and (amount < 0 or held > 0):
                raise InsufficientFunds(
                    f"{account_id} has not as much available",
                    account_id=account_id,
                    available=to_text(before.available),
                )
            events.append((account_stream(account_id), changed))
        for stream, event in events:
            self._states[stream] = evolve_account(None, event)
        self.events += events

    def _record(self, stream: str, event: Event) -> None:
        self._states[stream] = evolve_transfer(self._states[stream], event)
        self.events.append((stream, event))


def is_reversible(state: TransferState) -> bool:
    """Tell whether a transfer may be taken back, as far as it is concerned itself."""
    return (
        bool(state.moved)
        and state.reverses is None
        and not any(parse_account(leg.account).purpose in _BOUND for leg in state.moved)
    )


def _check_within(held: Iterable[Leg], moved: Iterable[Leg]) -> None:
    limits = {leg.account: leg.amount for leg in held}
    closed = {parse_account(leg.account).token for leg in held if leg.amount > 0}
    for leg in moved:
        limit = limits.get(leg.account)
        if leg.amount < 0:
            within = limit is not None and limit <= leg.amount
        elif limit is not None:
            within = leg.amount <= limit
        else:
            within = parse_account(leg.account).token not in closed
        if not within:
            raise ExceedsHold(account_id=leg.account)
