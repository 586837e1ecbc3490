"""Entries: what is moved between accounts in one go, by legs that sum to nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from aia_mas.domain.economy.accounts import account_stream, parse_account
from aia_mas.domain.economy.errors import UnbalancedEntry
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.money import MAX_AMOUNT

MOST_LEGS = 2_000
"""Legs of one entry, at most."""


class Leg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an entry does to one account (``amount``: base units, above 0 into it, below out)."""

    account: str
    amount: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as it is asked for.

    Attributes:
        transfer_id: Its identity; the same one is never carried out twice.
        legs: What it moves.
        reason: Its reason code, a word.
        metadata: Whatever is to be kept with it.
    """

    transfer_id: str
    legs: tuple[Leg, ...]
    reason: str
    metadata: Mapping[str, str] = {}


def move(source: str, target: str, amount: int) -> tuple[Leg, Leg]:
    """Return the legs that move an amount (base units) from one account to another."""
    return Leg(source, -amount), Leg(target, amount)


def transfer_stream(transfer_id: str) -> str:
    """Return the stream of a transfer."""
    return stream_of("transfer", transfer_id)


def streams_of(entry: Entry) -> tuple[str, ...]:
    """Return the streams that an entry reads and writes, that of the transfer first."""
    return (
        transfer_stream(entry.transfer_id),
        *(account_stream(leg.account) for leg in entry.legs),
    )


def check_legs(legs: Iterable[Leg], *, open_ended: bool = False) -> None:
    """Refuse legs that make or destroy tokens.

    Args:
        legs: The legs.
        open_ended: Tokens that no leg takes in may go out: where to is said later.

    Raises:
        UnbalancedEntry: They do not sum to 0 in each token, one is 0 or beyond all bounds, an
            account has two, or there are too few or too many.
        UnknownAccount: One has no account that there can be.
    """
    sums: defaultdict[str, int] = defaultdict(int)
    received: set[str] = set()
    seen: set[str] = set()
    for leg in legs:
        token = parse_account(leg.account).token
        if not leg.amount or abs(leg.amount) > MAX_AMOUNT * 1_000 or leg.account in seen:
            raise UnbalancedEntry(field="legs")
        seen.add(leg.account)
        sums[token] += leg.amount
        if leg.amount > 0:
            received.add(token)
    if not seen or len(seen) > MOST_LEGS:
        raise UnbalancedEntry(f"An entry has 1 to {MOST_LEGS} legs", field="legs")
    for token, total in sums.items():
        if total and not (open_ended and token not in received):
            raise UnbalancedEntry(token=token, field="legs")
