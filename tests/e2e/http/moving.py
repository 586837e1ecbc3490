"""What tests of transfers share: paths, a transfer that is made, and what everybody has then."""

from __future__ import annotations

from typing import Any

import httpx

from aia_mas.domain.economy.accounts import wallet

from .purses import ECONOMIC

TRANSFERS = f"{ECONOMIC}/transfers"


def balances(client: httpx.Client, *owners: str) -> list[str]:
    """Return what is available to each, and what is held of it where there is any."""
    found = []
    for owner in owners:
        answer = client.get(f"{ECONOMIC}/accounts/{wallet(owner)}")
        account = answer.json() if answer.status_code == 200 else {"available": "0", "held": "0"}
        held = "" if account["held"] == "0" else f" ({account['held']})"
        found.append(account["available"] + held)
    return found


def moved(client: httpx.Client, source: str, target: str, amount: str, **said: Any) -> Any:
    answer = client.post(TRANSFERS, json={"from": source, "to": target, "amount": amount, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()
