"""What tests about money share: wallets with something in them, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from .problems import API

ECONOMIC = f"{API}/economic"
TREASURY = f"{ECONOMIC}/treasury"


def executed(answer: httpx.Response) -> dict[str, Any]:
    """Return an order that was carried out."""
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    assert order["status"] == "executed"
    return order


def mint(treasurer: httpx.Client, amount: str) -> None:
    """Have tokens in the treasury."""
    executed(treasurer.post(f"{TREASURY}/mint", json={"amount": amount}))


def fund(treasurer: httpx.Client, owner: str, amount: str) -> None:
    """Have tokens in a wallet."""
    mint(treasurer, amount)
    executed(treasurer.post(f"{TREASURY}/fund", json={"amount": amount, "agent_id": owner}))


def purse(client: httpx.Client, owner: str) -> tuple[str, str]:
    """Return what is in a wallet, and what is held of that."""
    shown = client.get(f"{ECONOMIC}/accounts/wallet:AIA:{owner}").json()
    return shown.get("balance", "0"), shown.get("held", "0")


def eventually(look: Callable[[], Any], wanted: Any) -> None:
    """Wait until something is as it is to be; the settlement comes by in a moment (bounded)."""
    until = time.monotonic() + 60.0
    while (seen := look()) != wanted:
        assert time.monotonic() < until, f"{seen!r} instead of {wanted!r}"
        time.sleep(0.02)
