"""The book: every entry whole or not at all, nothing below zero, each transfer once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aia_mas.domain.economy import errors
from aia_mas.domain.economy.accounts import treasury, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import AccountState, Book, Entry, Leg, account_stream, move
from aia_mas.domain.economy.ledger.entry import transfer_stream
from aia_mas.domain.kernel import Context, Principal, Role

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN, BOB, CAL = wallet("ann"), wallet("bob"), wallet("cal")
ADMIN = Principal("admin", frozenset({Role.ADMIN}))


class Streams(dict[str, Any]):
    """States by stream, None where there is none."""

    def __missing__(self, _stream: str) -> None:
        return None


def book(
    balances: Mapping[str, int] | None = None,
    *,
    by: Principal = ADMIN,
    now: datetime = NOW,
) -> Book:
    opened = Book({}, Context(now, 0, by))
    opened._states = Streams(
        {
            account_stream(name): AccountState(balance=amount)
            for name, amount in (balances or {}).items()
        }
    )
    return opened


def entry(*legs: Leg, transfer_id: str = "t1", reason: str = "gift") -> Entry:
    return Entry(transfer_id=transfer_id, legs=legs, reason=reason)


def test_an_entry_moves_between_accounts():
    ledger = book({ANN: 100})

    assert ledger.post(entry(Leg(ANN, -30), Leg(BOB, 10), Leg(CAL, 20)))

    assert [ledger.available(each) for each in (ANN, BOB, CAL)] == [70, 10, 20]
    assert [stream for stream, _ in ledger.events] == [
        account_stream(ANN),
        account_stream(BOB),
        account_stream(CAL),
        transfer_stream("t1"),
    ]


def test_the_same_transfer_happens_once():
    ledger = book({ANN: 100})
    ledger.post(entry(*move(ANN, BOB, 30)))
    before = len(ledger.events)

    assert not ledger.post(entry(*move(ANN, BOB, 30)))

    assert len(ledger.events) == before


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (entry(*move(CAL, BOB, 30)), "from"),
        (entry(*move(ANN, CAL, 30)), "to"),
        (entry(*move(ANN, BOB, 31)), "amount"),
        (entry(*move(wallet("ann", "AIA_GOV"), wallet("bob", "AIA_GOV"), 30)), "token"),
        (entry(*move(ANN, BOB, 30), reason="other"), "reason"),
        (
            Entry(transfer_id="t1", legs=move(ANN, BOB, 30), reason="gift", metadata={"a": "b"}),
            "metadata",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_transfer_of_the_same_id_is_told_by_what_differs(other: Entry, code: str):
    ledger = book({ANN: 100, CAL: 100})
    ledger.post(entry(*move(ANN, BOB, 30)))
    before = list(ledger.events)

    with pytest.raises(errors.Exists) as refused:
        ledger.post(other)

    assert refused.value.code == f"exists_with_different_{code}"
    assert ledger.events == before


@pytest.mark.parametrize(
    "legs",
    [
        (),
        (Leg(ANN, -10),),
        (Leg(ANN, -10), Leg(BOB, 9)),
        (Leg(ANN, -10), Leg(BOB, 0), Leg(CAL, 10)),
        (Leg(ANN, -5), Leg(ANN, -5), Leg(BOB, 10)),
        (Leg(ANN, -10), Leg(wallet("bob", "AIA_GOV"), 10)),
    ],
    ids=["none", "one", "unequal", "zero", "twice", "tokens"],
)
def test_legs_that_do_not_balance_are_refused(legs: tuple[Leg, ...]):
    ledger = book({ANN: 100})

    with pytest.raises(errors.UnbalancedEntry):
        ledger.post(entry(*legs))

    assert ledger.events == []


def test_nothing_goes_below_zero_and_nothing_of_the_entry_happens():
    ledger = book({ANN: 100, BOB: 5})

    with pytest.raises(errors.InsufficientFunds):
        ledger.post(entry(Leg(ANN, -30), Leg(BOB, -6), Leg(CAL, 36)))

    assert ledger.events == []
    assert [ledger.available(each) for each in (ANN, BOB, CAL)] == [100, 5, 0]


def test_what_is_held_is_not_available_and_comes_back_when_void():
    ledger = book({ANN: 100})
    ledger.hold(entry(*move(ANN, BOB, 80)))
    assert (ledger.account(ANN).balance, ledger.available(ANN), ledger.available(BOB)) == (
        100,
        20,
        0,
    )
    with pytest.raises(errors.InsufficientFunds):
        ledger.post(entry(*move(ANN, CAL, 21), transfer_id="t2"))

    ledger.void("t1")

    assert ledger.available(ANN) == 100
    with pytest.raises(errors.HoldNotPending):
        ledger.post_held("t1")


def test_a_hold_is_posted_in_part_once_and_the_rest_is_let_go():
    ledger = book({ANN: 100})
    ledger.hold(entry(*move(ANN, BOB, 80)))

    ledger.post_held("t1", move(ANN, BOB, 30))

    assert (ledger.available(ANN), ledger.available(BOB)) == (70, 30)
    with pytest.raises(errors.HoldNotPending):
        ledger.post_held("t1", move(ANN, BOB, 30))


def test_an_open_hold_is_posted_to_whom_is_named_later():
    ledger = book({ANN: 100})
    ledger.hold(entry(Leg(ANN, -80)))

    ledger.post_held("t1", (Leg(ANN, -50), Leg(BOB, 20), Leg(CAL, 30)))

    assert [ledger.available(each) for each in (ANN, BOB, CAL)] == [50, 20, 30]


@pytest.mark.parametrize(
    "legs",
    [move(ANN, BOB, 81), move(ANN, CAL, 10), (Leg(ANN, -5), Leg(CAL, -5), Leg(BOB, 10))],
    ids=["more", "elsewhere", "from another"],
)
def test_never_more_than_was_held_and_never_elsewhere(legs: tuple[Leg, ...]):
    ledger = book({ANN: 100, CAL: 100})
    ledger.hold(entry(*move(ANN, BOB, 80)))
    before = list(ledger.events)

    with pytest.raises(errors.ExceedsHold):
        ledger.post_held("t1", legs)

    assert ledger.events == before


def test_a_hold_is_not_posted_when_its_time_is_over():
    ledger = book({ANN: 100})
    ledger.hold(entry(*move(ANN, BOB, 80)), expires_at=NOW + timedelta(seconds=5))
    late = book(now=NOW + timedelta(seconds=5))
    late._states = ledger._states

    with pytest.raises(errors.HoldExpired):
        late.post_held("t1")
    late.void("t1", expired=True)

    assert late.available(ANN) == 100


def test_a_transfer_is_taken_back_once():
    ledger = book({ANN: 100})
    ledger.post(entry(*move(ANN, BOB, 30)))

    assert ledger.reverse("t1", "r1")

    assert (ledger.available(ANN), ledger.available(BOB)) == (100, 0)
    assert not ledger.reverse("t1", "r1")
    with pytest.raises(errors.AlreadyReversed):
        ledger.reverse("t1", "r2")
    with pytest.raises(errors.NotReversible):
        ledger.reverse("r1", "r3")


def test_what_was_spent_is_not_taken_back():
    ledger = book({ANN: 100})
    ledger.post(entry(*move(ANN, BOB, 30)))
    ledger.post(entry(*move(BOB, CAL, 1), transfer_id="t2"))

    with pytest.raises(errors.InsufficientFunds):
        ledger.reverse("t1", "r1")


def test_only_the_settlement_writes_accounts_of_the_system():
    ledger = book({ANN: 100})
    with pytest.raises(errors.SystemAccount):
        ledger.post(entry(*move(ANN, treasury(), 30)))
    ledger.hold(entry(*move(ANN, treasury(), 30)))
    with pytest.raises(errors.SystemAccount):
        ledger.post_held("t1")

    settling = book(by=SETTLEMENT)
    settling._states = ledger._states
    settling.post_held("t1")

    assert settling.available(treasury()) == 30
