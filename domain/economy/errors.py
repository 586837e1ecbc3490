"""What the economy refuses, with the stable code of each."""

from __future__ import annotations

from typing import ClassVar

from aia_mas.domain.kernel.errors import DomainError, InvalidValue, NotFound, PermissionDenied


class InsufficientFunds(DomainError):
    """There is not as much available in the account."""

    code = "insufficient_funds"


class SubjectHasNoWallet(PermissionDenied):
    """A wallet belongs to an id (A-Z a-z 0-9 . _ : -); the subject of this token is none."""

    code = "subject_has_no_wallet"


class UnknownAccount(InvalidValue):
    """There is no such kind of account; ids are like wallet:AIA:agent_001 or treasury:AIA."""

    code = "unknown_account"


class UnknownToken(InvalidValue):
    """There is no such token here."""

    code = "unknown_token"


class UnbalancedEntry(InvalidValue):
    """The legs of an entry sum to 0 in each token, none is 0, and each account has one of them."""

    code = "unbalanced_entry"


class ZeroAmount(InvalidValue):
    """An amount to be moved is above 0."""

    code = "zero_amount"


class SystemAccount(DomainError):
    """Accounts of the system are written by the settlement only; place an order instead."""

    code = "system_account"


class TransferNotFound(NotFound):
    """There is no such transfer."""

    code = "transfer_not_found"


class AccountNotFound(NotFound):
    """Nothing ever came into or went out of this account."""

    code = "account_not_found"


class OrderNotFound(NotFound):
    """There is no such order."""

    code = "order_not_found"


class HoldNotPending(DomainError):
    """The transfer is not pending any more, or never was."""

    code = "transfer_not_pending"


class HoldExpired(DomainError):
    """The time in which the pending transfer could be posted is over."""

    code = "transfer_expired"


class ExceedsHold(InvalidValue):
    """A pending transfer is posted in full or in part, never beyond what it holds."""

    code = "exceeds_pending_transfer"


class AlreadyReversed(DomainError):
    """The transfer was reversed before."""

    code = "already_reversed"


class NotReversible(DomainError):
    """This transfer cannot be reversed: it is pending, a reversal itself, or part of a stake."""

    code = "not_reversible"


class Exists(DomainError):
    """There is a transfer of this id, and it is another one."""

    code = "exists_with_different_legs"
    field: ClassVar[str] = "legs"


class ExistsWithDifferentDebit(Exists):
    """There is a transfer of this id, from another account."""

    code = "exists_with_different_from"
    field = "from"


class ExistsWithDifferentCredit(Exists):
    """There is a transfer of this id, to another account."""

    code = "exists_with_different_to"
    field = "to"


class ExistsWithDifferentToken(Exists):
    """There is a transfer of this id, of another token."""

    code = "exists_with_different_token"
    field = "token"


class ExistsWithDifferentAmount(Exists):
    """There is a transfer of this id, of another amount."""

    code = "exists_with_different_amount"
    field = "amount"


class ExistsWithDifferentReason(Exists):
    """There is a transfer of this id, for another reason."""

    code = "exists_with_different_reason"
    field = "reason"


class ExistsWithDifferentMetadata(Exists):
    """There is a transfer of this id, with other metadata."""

    code = "exists_with_different_metadata"
    field = "metadata"


class ExistsWithDifferentPending(Exists):
    """There is a transfer of this id; one of the two is to be pending, the other one not."""

    code = "exists_with_different_pending"
    field = "pending"


class ExistsWithDifferentTimeout(Exists):
    """There is a pending transfer of this id that expires after another time."""

    code = "exists_with_different_timeout"
    field = "timeout"


class InvalidMonth(InvalidValue):
    """A month is written like 2026-01."""

    code = "invalid_month"


class MonthNotOver(DomainError):
    """A month is closed when it is over, and a minute after that."""

    code = "month_not_over"


class OrderExists(DomainError):
    """There is an order of this id, and it is another one."""

    code = "order_exists"
