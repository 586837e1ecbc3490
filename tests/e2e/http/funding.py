"""Tokens for tests: what the settlement of a node enters, as its processes do."""

from __future__ import annotations

from typing import Any

from aia_mas.application.engine.engine import Origin
from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import Entry, Leg
from aia_mas.domain.economy.ledger.commands import Transfer
from aia_mas.domain.kernel.money import ONE


def entered(node: Any, transfer_id: str, *legs: tuple[str, int]) -> None:
    """Make a transfer (``legs``: accounts, and the whole tokens that go into each)."""
    entry = Entry(
        transfer_id=transfer_id,
        legs=tuple(Leg(account, amount * ONE) for account, amount in legs),
        reason="mint",
    )
    node.run(node.system.engine.run(Transfer(entry=entry), Origin(SETTLEMENT)))


def funded(node: Any, owner: str, amount: int) -> str:
    """Give somebody tokens; returns the name."""
    entered(node, f"mint:{owner}", ("issuance:AIA", -amount), (wallet(owner), amount))
    return owner
