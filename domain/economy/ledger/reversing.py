"""The order to take back a transfer that has to do with accounts of the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.errors import NotReversible, TransferNotFound
from aia_mas.domain.economy.ledger.book import REVERSAL
from aia_mas.domain.economy.ledger.commands import ReverseTransfer
from aia_mas.domain.economy.ledger.entry import Leg, transfer_stream
from aia_mas.domain.economy.ledger.told import told_transfer
from aia_mas.domain.economy.ledger.transfers import check_reversal
from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.kernel.context import Context


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """Take a transfer back; the fields: see ``ReverseTransfer`` (``moved``: what it did)."""

    transfer_id: str
    reversal_id: str
    reason: str = REVERSAL
    metadata: Mapping[str, str] = {}
    moved: tuple[Leg, ...]


def _check(order: Reversal, ctx: Context) -> None:
    command = ReverseTransfer(
        transfer_id=order.transfer_id,
        reversal_id=order.reversal_id,
        reason=order.reason,
        metadata=order.metadata,
    )
    check_reversal(command, order.moved, ctx)


def _streams(order: Reversal, _order_id: str) -> tuple[str, ...]:
    accounts = (account_stream(leg.account) for leg in order.moved)
    return (transfer_stream(order.transfer_id), transfer_stream(order.reversal_id), *accounts)


def _execute(order: Reversal, execution: Execution) -> Mapping[str, Any]:
    book = execution.book
    known = book.transfer(order.transfer_id)
    if known is None:
        raise TransferNotFound(transfer_id=order.transfer_id)
    if known.moved != order.moved:  # its accounts would be others than those that were read
        raise NotReversible(transfer_id=order.transfer_id)
    book.reverse(order.transfer_id, order.reversal_id, order.reason, order.metadata)
    made = book.transfer(order.reversal_id)
    assert made is not None
    told: dict[str, Any] = msgspec.to_builtins(told_transfer(order.reversal_id, made))
    return told


REVERSE: Final = OrderKind(
    "reverse_transfer", Reversal, _check, _streams, _execute, amounts=frozenset({"moved"})
)
"""To take a transfer back."""
