"""Orders as clients see them: every amount is a text of tokens, whatever the kind of order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from aia_mas.application.economy.order_desk import order_view
from aia_mas.application.economy.order_kinds import ORDER_KINDS
from aia_mas.domain.economy.ledger.entry import move
from aia_mas.domain.economy.ledger.reversing import Reversal
from aia_mas.domain.economy.orders import OrderState, OrderStatus
from aia_mas.domain.economy.parameter_changes import ChangeParameters
from aia_mas.domain.economy.supply.treasury_orders import Fund

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NUMBERS = {
    "revisions",  # of a condition
    "multiplier_ppm",
    "fraction_ppm",
    "count",
    "winners",
    "most_per_agent",
}
"""Fields of orders that hold whole numbers, and no amounts."""


def whole_numbers(wanted: Any, name: str, path: tuple[Any, ...] = ()) -> Iterator[str]:
    """Yield the names of the fields, at any depth, that may hold whole numbers."""
    if wanted is int:
        yield name
    elif isinstance(wanted, type) and issubclass(wanted, msgspec.Struct) and wanted not in path:
        array = wanted.__struct_config__.array_like
        for field in msgspec.structs.fields(wanted):
            yield from whole_numbers(
                field.type, name if array else field.encode_name, (*path, wanted)
            )
    else:
        for option in get_args(wanted):
            yield from whole_numbers(option, name, path)


def test_every_whole_number_of_every_kind_is_an_amount_or_known_to_be_none():
    for kind in ORDER_KINDS.values():
        unknown = set(whole_numbers(kind.order, "")) - NUMBERS - kind.amounts
        assert unknown == set(), kind.name


def shown(kind: str, order: Any) -> dict[str, Any]:
    state = OrderState(
        status=OrderStatus.PLACED, kind=kind, order=msgspec.to_builtins(order), by="tess", at=NOW
    )
    return order_view("o1", state).order


def test_amounts_are_tokens_at_any_depth():
    fund = Fund(account="wallet:AIA:ann", token="AIA", amount=15 * 10**17)
    assert shown("fund", fund)["amount"] == "1.5"
    moved = move("wallet:AIA:ann", "wallet:AIA:bob", 5)
    reversal = Reversal(transfer_id="t", reversal_id="r", moved=moved)
    assert shown("reverse_transfer", reversal)["moved"] == [
        ["wallet:AIA:ann", "-0.000000000000000005"],
        ["wallet:AIA:bob", "0.000000000000000005"],
    ]
    tier = {"name": "wood", "min_stake": 10**18, "multiplier_ppm": 1_000_000}
    change = ChangeParameters(changes={"tiers": [tier], "jail_seconds": 5, "reward_block": 10**18})
    assert shown("change_parameters", change)["changes"] == {
        "tiers": [{**tier, "min_stake": "1"}],
        "jail_seconds": 5,
        "reward_block": "1",
    }
