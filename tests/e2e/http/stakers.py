"""What tests of staking share: agents with tokens, what they order, and what they are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
from msgspec.structs import replace

from aia_mas.application.economy.configured import parameters_of
from aia_mas.domain.economy.accounts import Purpose, account_of, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import Entry, move
from aia_mas.domain.economy.ledger.transfers import Transfer
from aia_mas.domain.economy.parameters import AdoptConfiguredParameters
from aia_mas.domain.kernel.money import ONE

from .purses import ECONOMIC


def give(node: Any, account_id: str, tokens: int, token: str = "AIA") -> None:
    """Put tokens into an account, out of nothing, as only the settlement can."""
    entry = Entry(
        transfer_id=f"gift-{uuid4()}",
        legs=move(account_of(Purpose.ISSUANCE, token), account_id, tokens * ONE),
        reason="gift",
    )
    node.run(node.system.engine.execute(Transfer(entry=entry), SETTLEMENT))


def set_terms(node: Any, **terms: Any) -> None:
    """Change parameters as the configuration would."""
    changed = replace(parameters_of(node.system.settings), **terms)
    command = AdoptConfiguredParameters(parameters=changed)
    node.run(node.system.engine.execute(command, SETTLEMENT))


def rich(node: Any, tokens: int = 1_000) -> str:
    """Return the id of an agent with tokens in its wallet."""
    agent_id = f"staker-{uuid4().hex[:12]}"
    give(node, wallet(agent_id), tokens)
    return agent_id


_WRITTEN: dict[str, int] = {}
"""By node, the position of what was ordered of it last."""


class Of:
    """What an agent orders, and what it is told."""

    def __init__(self, client: httpx.Client, agent_id: str) -> None:
        self._client = client
        self._path = f"{ECONOMIC}/agents/{agent_id}"
        self.agent_id = agent_id
        self.position = 0

    def post(self, action: str, **body: Any) -> dict[str, Any]:
        answer = self._client.post(f"{self._path}/{action}", json=body)
        assert answer.status_code == 200, answer.text
        node = str(self._client.base_url)
        _WRITTEN[node] = max(_WRITTEN.get(node, 0), int(answer.headers["x-event-position"]))
        return answer.json()

    def refused(self, action: str, **body: Any) -> tuple[int, str]:
        before = self.stake()
        answer = self._client.post(f"{self._path}/{action}", json=body)
        assert self.stake() == before
        return answer.status_code, answer.json()["code"]

    def stake(self, min_position: int = 0) -> dict[str, Any]:
        """Return it as it is after all that was ordered of this node."""
        written = _WRITTEN.get(str(self._client.base_url), 0)
        for position in (max(min_position, written), written, written):
            wanted = {"min_position": position}
            answer = self._client.get(f"{self._path}/stake", params=wanted)
            if answer.status_code != 503:  # nothing has happened for a while
                break
        assert answer.status_code == 200, answer.text
        self.position = int(answer.headers["x-event-position"])
        return answer.json()


def until_it_is(me: Of, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return a stake once it is as it should be, which the settlement sees to (bounded)."""
    until, position = time.monotonic() + 60.0, 0
    while time.monotonic() < until:
        if met(stake := me.stake(position)):
            return stake
        # Answered when something has happened, or after a while.
        position = me.position + 1
    raise AssertionError(stake)
