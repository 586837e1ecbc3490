"""Who may move what: decisions about transfers, given what stands in their streams."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import staked, treasury, unbonding, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import (
    AccountState,
    Entry,
    Leg,
    TransferState,
    TransferStatus,
    account_stream,
    move,
    transfer_stream,
    transfers,
)
from aia_mas.domain.economy.ledger.commands import (
    ExpireHold,
    PostHold,
    ReverseTransfer,
    Transfer,
    VoidHold,
    touched,
)
from aia_mas.domain.kernel import Context, Decision, Principal, Role
from aia_mas.projections.economy.earning_kinds import KINDS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN, BOB, CAL = wallet("ann"), wallet("bob"), wallet("cal")
ADMIN = Principal("admin", frozenset({Role.ADMIN}))
TREASURER = Principal("till", frozenset({Role.TREASURER}))
OPERATOR = Principal("ann", frozenset({Role.OPERATOR}))
AGENT_ANN = Principal("token-7", frozenset({Role.AGENT}), agent_id="ann")
CLIENT_ANN = Principal("ann", frozenset({Role.CLIENT}))
AGENT_BOB = Principal("bob", frozenset({Role.AGENT}), agent_id="bob")
VIEWER_ANN = Principal("ann", frozenset({Role.VIEWER}))


Streams = dict[str, Any]
"""States by stream."""


def given(balances: Mapping[str, int] = {}, **kept: TransferState) -> Streams:
    streams: Streams = {
        account_stream(name): AccountState(balance=held) for name, held in balances.items()
    }
    streams |= {transfer_stream(name): state for name, state in kept.items()}
    return streams


def kept(
    *legs: Leg,
    status: TransferStatus = TransferStatus.PENDING,
    reason: str = "gift",
    expires_at: datetime | None = None,
) -> TransferState:
    moved = legs if status is TransferStatus.POSTED else ()
    return TransferState(
        status=status,
        legs=legs,
        moved=moved,
        reason=reason,
        pending=not moved,
        expires_at=expires_at,
        by="ann",
        at=NOW,
    )


def holding(amount: int, **account: int) -> Streams:
    """Ann's wallet with something held, and the pending transfer ``t1`` to bob that holds it."""
    streams = given({BOB: 0}, t1=kept(*move(ANN, BOB, amount)))
    streams[account_stream(ANN)] = AccountState(balance=account.get("balance", 100), held=amount)
    return streams


def asked(*legs: Leg, transfer_id: str = "t1", **said: Any) -> Transfer:
    words = {name: said.pop(name) for name in ("reason", "metadata") if name in said}
    entry = Entry(transfer_id=transfer_id, legs=legs, **({"reason": "gift"} | words))
    return Transfer(entry=entry, **said)


def when(streams: Streams, command: Any, by: Principal = ADMIN, now: datetime = NOW) -> Decision:
    ctx = Context(now, 0, by)
    if not isinstance(command, Transfer):
        state = streams.get(transfer_stream(command.transfer_id))
        legs = () if state is None else (*state.legs, *state.moved)
        command = replace(command, all_legs=legs)
    states = {stream: streams.get(stream) for stream in touched(command)}
    match command:
        case Transfer():
            return transfers.transfer(states, command, ctx, frozenset({"AIA", "AIA_GOV"}))
        case PostHold():
            return transfers.post_hold(states, command, ctx)
        case VoidHold():
            return transfers.void_hold(states, command, ctx)
        case ExpireHold():
            return transfers.expire_hold(states, command, ctx)
        case _:
            return transfers.reverse_transfer(states, command, ctx)


def code(decision: Decision) -> str:
    if decision.refusal is None:
        return ""
    assert decision.events == ()
    return decision.refusal.code


@pytest.mark.parametrize(
    ("by", "refused"),
    [
        (ADMIN, ""),
        (TREASURER, ""),
        (AGENT_ANN, ""),
        (CLIENT_ANN, ""),
        (SETTLEMENT, ""),
        (AGENT_BOB, "permission_denied"),
        (OPERATOR, "permission_denied"),
        (VIEWER_ANN, "permission_denied"),
        (Principal("ann", frozenset({Role.AGENT}), agent_id="bob"), "permission_denied"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.subject}-{value.agent_id}",
)
def test_a_wallet_is_spent_by_its_owner_and_by_treasurers(by: Principal, refused: str) -> None:
    streams = given({ANN: 100})

    assert code(when(streams, asked(*move(ANN, BOB, 10)), by)) == refused
    assert code(when(streams, asked(*move(ANN, BOB, 10), pending=True), by)) == refused


def test_of_several_wallets_each_must_be_the_callers() -> None:
    streams = given({ANN: 100, CAL: 100})

    assert (
        code(when(streams, asked(Leg(ANN, -5), Leg(CAL, -5), Leg(BOB, 10)), AGENT_ANN))
        == "permission_denied"
    )


def test_a_stranger_learns_nothing_of_a_transfer_by_asking_for_it_again() -> None:
    streams = given({ANN: 100}, t1=kept(*move(ANN, BOB, 10), status=TransferStatus.POSTED))

    assert code(when(streams, asked(*move(ANN, BOB, 11)), AGENT_BOB)) == "permission_denied"


@pytest.mark.parametrize("account", [staked("ann"), unbonding("ann"), treasury()])
@pytest.mark.parametrize("pending", [False, True])
def test_only_wallets_take_part(account: str, pending: bool) -> None:
    streams = given({ANN: 100, account: 100})

    assert code(when(streams, asked(*move(account, ANN, 1), pending=pending))) == "system_account"
    assert code(when(streams, asked(*move(ANN, account, 1), pending=pending))) == "system_account"


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"transfer_id": "task:1"}, "reserved_id"),
        ({"transfer_id": "a b"}, "invalid_id"),
        ({"transfer_id": "x" * 129}, "id_too_long"),
        ({"reason": "Two words"}, "invalid_value"),
        ({"reason": ""}, "invalid_value"),
        ({"metadata": {str(n): "" for n in range(17)}}, "invalid_value"),
        ({"metadata": {"": "x"}}, "invalid_text"),
        ({"metadata": {"a": "x" * 257}}, "invalid_text"),
        ({"timeout": 5.0}, "invalid_value"),
        ({"timeout": 0.0, "pending": True}, "invalid_value"),
        ({"timeout": float("nan"), "pending": True}, "invalid_value"),
        ({"timeout": 1e9, "pending": True}, "invalid_value"),
    ],
)
def test_words_that_are_not_allowed(said: dict[str, Any], refused: str) -> None:
    assert code(when(given({ANN: 100}), asked(*move(ANN, BOB, 10), **said))) == refused


def test_the_settlement_may_use_ids_with_a_colon() -> None:
    command = asked(*move(ANN, BOB, 10), transfer_id="task:1")

    assert code(when(given({ANN: 100}), command, SETTLEMENT)) == ""


@pytest.mark.parametrize(
    ("legs", "refused"),
    [
        (move(ANN, wallet("bob", "XYZ"), 1), "unknown_token"),
        (move(wallet("ann", "XYZ"), wallet("bob", "XYZ"), 1), "unknown_token"),
        (move(ANN, "purse:AIA:bob", 1), "unknown_account"),
        (move(ANN, "wallet:AIA", 1), "unknown_account"),
        (move(ANN, "wallet:AIA:b b", 1), "invalid_id"),
        (move(ANN, wallet("ann"), 1), "unbalanced_entry"),
        (move(ANN, BOB, 101), "insufficient_funds"),
        (move(ANN, BOB, 10**40), "unbalanced_entry"),
        ((Leg(ANN, -1),), "unbalanced_entry"),
    ],
)
def test_legs_that_are_not_allowed(legs: tuple[Leg, ...], refused: str) -> None:
    assert code(when(given({ANN: 100}), asked(*legs))) == refused


def test_a_pending_one_says_where_to_it_goes_or_nobody_could_end_it() -> None:
    command = asked(Leg(ANN, -1), pending=True)

    assert code(when(given({ANN: 100}), command, AGENT_ANN)) == "unbalanced_entry"
    assert code(when(given({ANN: 100}), command, SETTLEMENT)) == ""


@pytest.mark.parametrize("reason", sorted(KINDS.keys() | transfers.PROCESS_REASONS))
def test_nobody_passes_a_transfer_off_as_one_of_the_system(reason: str) -> None:
    streams = given({ANN: 100, BOB: 10}, t0=kept(*move(ANN, BOB, 1), status=TransferStatus.POSTED))
    reversal = ReverseTransfer(transfer_id="t0", reversal_id="r1", reason=reason)

    for pending in (False, True):
        command = asked(*move(ANN, BOB, 10), reason=reason, pending=pending)
        assert code(when(streams, command, AGENT_ANN)) == "invalid_value"
        assert code(when(streams, command, SETTLEMENT)) == ""
    assert code(when(streams, reversal, AGENT_BOB)) == "invalid_value"


def test_the_same_time_out_is_the_same_however_late_it_comes_again() -> None:
    streams = holding(10)
    streams[transfer_stream("t1")] = kept(
        *move(ANN, BOB, 10), expires_at=NOW + timedelta(seconds=60)
    )
    later = NOW + timedelta(seconds=7)

    again = when(streams, asked(*move(ANN, BOB, 10), pending=True, timeout=60.0), now=later)
    other = when(streams, asked(*move(ANN, BOB, 10), pending=True, timeout=61.0), now=later)

    assert (code(again), again.events) == ("", ())
    assert code(other) == "exists_with_different_timeout"


def test_who_set_it_aside_posts_a_part_and_gets_the_rest_back() -> None:
    decision = when(holding(80), PostHold(transfer_id="t1", amount=30), AGENT_ANN)

    changed: Streams = dict(decision.events)
    ann = changed[account_stream(ANN)]
    assert (ann.amount, ann.balance, ann.held) == (-30, 70, 0)
    assert changed[account_stream(BOB)].balance == 30


@pytest.mark.parametrize("command", [PostHold(transfer_id="t1"), VoidHold(transfer_id="t1")])
def test_who_is_to_get_it_neither_posts_nor_voids(command: Any) -> None:
    assert code(when(holding(80), command, AGENT_BOB)) == "permission_denied"


@pytest.mark.parametrize(
    ("transfer_id", "state"),
    [
        ("task:1", kept(*move(ANN, BOB, 10))),
        ("t1", kept(Leg(ANN, -10))),
        ("t1", kept(*move(ANN, treasury(), 10))),
        ("t1", kept(*move(ANN, BOB, 10), reason="proposal_deposit")),
    ],
    ids=["its id", "open", "to the system", "its reason"],
)
@pytest.mark.parametrize("kind", [PostHold, VoidHold])
def test_what_a_process_holds_is_nobodys_else_to_end(
    kind: Any, transfer_id: str, state: TransferState
) -> None:
    streams = given({BOB: 0})
    streams[transfer_stream(transfer_id)] = state
    streams[account_stream(ANN)] = AccountState(balance=100, held=10)

    for by in (AGENT_ANN, ADMIN):
        assert code(when(streams, kind(transfer_id=transfer_id), by)) == "system_account"
    void = VoidHold(transfer_id=transfer_id)
    assert code(when(streams, void, SETTLEMENT)) == ""


def test_it_expires_once_its_time_is_over_and_by_the_settlement_only() -> None:
    streams, end = holding(80), NOW + timedelta(seconds=60)
    streams[transfer_stream("t1")] = kept(*move(ANN, BOB, 80), expires_at=end)
    command = ExpireHold(transfer_id="t1")

    assert when(streams, command, SETTLEMENT, end - timedelta(seconds=1)) == Decision()
    assert code(when(streams, PostHold(transfer_id="t1"), now=end)) == "transfer_expired"
    expired = when(streams, command, SETTLEMENT, end)
    assert [event.topic for _, event in expired.events] == [
        "account.changed.v1",
        "transfer.hold_voided.v1",
    ]
    assert code(when(streams, command, AGENT_ANN, end)) == "system_account"


@pytest.mark.parametrize(
    ("by", "refused"),
    [
        (AGENT_BOB, ""),
        (TREASURER, ""),
        (AGENT_ANN, "permission_denied"),
        (OPERATOR, "permission_denied"),
    ],
    ids=["who got it", "treasurer", "who gave it", "operator"],
)
def test_who_got_it_gives_it_back(by: Principal, refused: str) -> None:
    streams = given({BOB: 10}, t1=kept(*move(ANN, BOB, 10), status=TransferStatus.POSTED))

    assert code(when(streams, ReverseTransfer(transfer_id="t1", reversal_id="r1"), by)) == refused


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"reversal_id": "reverse:1"}, "reserved_id"),
        ({"reversal_id": "r 1"}, "invalid_id"),
        ({"reason": "Why not?"}, "invalid_value"),
        ({"reversal_id": "t1"}, "exists_with_different_legs"),
        ({"transfer_id": "t9"}, "transfer_not_found"),
    ],
)
def test_a_reversal_has_an_id_and_words_of_its_own(said: dict[str, str], refused: str) -> None:
    streams = given({BOB: 10}, t1=kept(*move(ANN, BOB, 10), status=TransferStatus.POSTED))
    command = ReverseTransfer(**({"transfer_id": "t1", "reversal_id": "r1"} | said))

    assert code(when(streams, command)) == refused


@pytest.mark.parametrize("account", [staked("ann"), unbonding("ann")])
def test_what_stands_for_a_stake_is_not_taken_back(account: str) -> None:
    streams = given({account: 10}, t1=kept(*move(ANN, account, 10), status=TransferStatus.POSTED))

    assert code(when(streams, ReverseTransfer(transfer_id="t1", reversal_id="r1"))) == (
        "not_reversible"
    )
