"""What tests of accounts share: transfers, an account as it stands, and the hash of a statement."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx

from aia_mas.domain.economy.accounts import wallet

from .moving import TRANSFERS
from .purses import ECONOMIC


def give(client: httpx.Client, source: str, target: str, amount: str, **said: Any) -> int:
    """Move tokens; returns the position in the log."""
    answer = client.post(TRANSFERS, json={"from": source, "to": target, "amount": amount, **said})
    assert answer.status_code == 201, answer.text
    return int(answer.headers["x-event-position"])


def account(client: httpx.Client, owner: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get(f"{ECONOMIC}/accounts/{wallet(owner)}", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def hashed(statement: dict[str, Any], lines: list[dict[str, Any]]) -> str:
    """Work out the hash of a statement as the documentation says it is made."""

    def written(value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    def units(amount: str) -> str:
        whole, _, fraction = amount.partition(".")
        sign = "-" if whole.startswith("-") else ""
        return sign + str(int(whole.lstrip("-") + fraction.ljust(18, "0")))

    first = lines[0]["line"] if lines else 1
    head = [statement["account_id"], statement["month"], units(statement["opening"]), first]
    digest = hashlib.sha256(written(head))
    for line in lines:
        amounts = [units(line[name]) for name in ("amount", "balance", "held")]
        parts = [line["line"], line["position"], line["transfer_id"], line["reason"]]
        digest.update(written([*parts, *amounts, line["at"]]))
    return digest.hexdigest()
