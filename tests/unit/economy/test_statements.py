"""Statements: months, figures over lines, and closing once and for all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.economy.errors import InvalidMonth
from aia_mas.domain.economy.statements import (
    CloseMonth,
    Figures,
    Line,
    MonthClosed,
    StatementState,
    Summing,
    close_month,
    evolve,
    span_of,
    told_closing,
)
from aia_mas.domain.kernel import Context, Principal, Role

AFTER = datetime(2026, 2, 1, 0, 1, tzinfo=UTC)
ADMIN = Principal("admin", frozenset({Role.ADMIN}))
ANN = Principal("ann", frozenset({Role.AGENT}), agent_id="ann")
AUDITOR = Principal("eve", frozenset({Role.AUDITOR}))


def lines(amounts: list[int], opening: int = 0, first: int = 1) -> list[Line]:
    balance, found = opening, []
    for number, amount in enumerate(amounts):
        balance += amount
        at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=number)
        found.append(
            Line(first + number, 10 + 3 * number, f"t{number}", "gift", amount, balance, 0, at)
        )
    return found


def figures(amounts: list[int], opening: int = 0, first: int = 1) -> Figures:
    sums = Summing("wallet:AIA:ann", "2026-01", opening, first)
    sums.add(lines(amounts, opening, first))
    return sums.figures


def closing(account_id: str = "wallet:AIA:ann", month: str = "2026-01") -> CloseMonth:
    return CloseMonth(account_id=account_id, month=month, figures=figures([5, -2]))


def test_a_month_goes_from_its_first_to_the_next_one() -> None:
    assert span_of("2026-01") == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
    )
    assert span_of("2026-12")[1] == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "month",
    ["", "2026", "2026-1", "2026-13", "2026-00", "0000-01", "9999-12", "٢٠٢٦-01", "2026-01 "],
)
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(InvalidMonth):
        span_of(month)


@given(
    st.lists(st.integers(-(10**30), 10**30), max_size=20),
    st.integers(-(10**30), 10**30),
    st.integers(1, 10**6),
    st.data(),
)
def test_figures_are_the_sums_however_the_lines_come(
    amounts: list[int], opening: int, first: int, data: st.DataObject
) -> None:
    found = lines(amounts, opening, first)
    sums = Summing("wallet:AIA:ann", "2026-01", opening, first)
    cut = data.draw(st.integers(0, len(found)))
    sums.add(found[:cut])
    sums.add(found[cut:])

    assert sums.figures == figures(amounts, opening, first)
    came = sum(amount for amount in amounts if amount > 0)
    went = -sum(amount for amount in amounts if amount < 0)
    assert (sums.figures.credits, sums.figures.debits) == (came, went)
    assert sums.figures.closing == opening + came - went
    assert (sums.figures.lines, sums.figures.first_line) == (len(amounts), first)


@pytest.mark.parametrize(
    "change",
    [
        {"transfer_id": "t9"},
        {"reason": "other"},
        {"held": 1},
        {"position": 99},
        {"at": datetime(2026, 1, 6, tzinfo=UTC)},
    ],
)
def test_the_hash_covers_everything_in_a_line(change: dict[str, object]) -> None:
    one, two = lines([5, -2])
    changed = Summing("wallet:AIA:ann", "2026-01", 0, 1)
    changed.add([one, two._replace(**change)])

    assert changed.figures.hash != figures([5, -2]).hash


@pytest.mark.parametrize(
    "found",
    [
        lines([5], first=2),
        [*lines([5]), *lines([5])],
        [lines([5])[0]._replace(balance=6)],
        [lines([5, 5])[1]],
    ],
    ids=["a gap", "twice", "a wrong balance", "one missing"],
)
def test_lines_that_do_not_follow_are_refused(found: list[Line]) -> None:
    with pytest.raises(ValueError, match="does not follow"):
        Summing("wallet:AIA:ann", "2026-01", 0, 1).add(found)


def test_a_month_is_closed_once() -> None:
    first = close_month(None, closing(), Context(AFTER, 0, ADMIN))

    [(stream, closed)] = first.events
    assert isinstance(closed, MonthClosed)
    assert stream == "statement/wallet:AIA:ann:2026-01"
    assert (closed.opening, closed.closing, closed.credits, closed.debits) == (0, 3, 5, 2)
    state = evolve(None, closed)
    other = CloseMonth(account_id="wallet:AIA:ann", month="2026-01", figures=figures([7]))
    again = close_month(state, other, Context(AFTER + timedelta(days=1), 0, ADMIN))
    assert (again.events, again.refusal) == ((), None)
    assert told_closing(state.closed).closing == "0.000000000000000003"


@pytest.mark.parametrize("early", [timedelta(seconds=1), timedelta(days=20)])
def test_a_month_that_is_not_over_for_a_minute_is_not_closed(early: timedelta) -> None:
    decision = close_month(None, closing(), Context(AFTER - early, 0, ADMIN))

    assert decision.refusal is not None
    assert decision.refusal.code == "month_not_over"


@pytest.mark.parametrize(
    ("by", "account_id", "refused"),
    [
        (ANN, "wallet:AIA:ann", None),
        (ANN, "staked:AIA:ann", None),
        (ANN, "wallet:AIA:bob", "permission_denied"),
        (ANN, "treasury:AIA", "permission_denied"),
        (AUDITOR, "wallet:AIA:ann", "permission_denied"),
        (ADMIN, "treasury:AIA", None),
        (ADMIN, "purse:AIA:ann", "unknown_account"),
    ],
)
def test_owners_close_their_months_and_treasurers_all(
    by: Principal, account_id: str, refused: str | None
) -> None:
    decision = close_month(None, closing(account_id), Context(AFTER, 0, by))

    assert (decision.refusal and decision.refusal.code) == refused
    assert bool(decision.events) is (refused is None)


def test_it_stays_closed_for_who_may_not_close_it() -> None:
    state = StatementState(
        closed=close_month(None, closing(), Context(AFTER, 0, ADMIN)).events[0][1]
    )

    decision = close_month(state, closing(), Context(AFTER, 0, AUDITOR))

    assert decision.refusal is not None
    assert decision.refusal.code == "permission_denied"
