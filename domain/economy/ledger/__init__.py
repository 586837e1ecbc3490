"""The ledger: double entry over integer amounts, in streams of accounts and transfers."""

from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.ledger.book import Book
from aia_mas.domain.economy.ledger.entry import Entry, Leg, move, streams_of, transfer_stream
from aia_mas.domain.economy.ledger.states import AccountState, TransferState, TransferStatus

__all__ = [
    "AccountState",
    "Book",
    "Entry",
    "Leg",
    "TransferState",
    "TransferStatus",
    "account_stream",
    "move",
    "streams_of",
    "transfer_stream",
]
