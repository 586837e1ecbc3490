# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economic supply."""

from __future__ import annotations

from aia.client.types.base import Answer
from aia.client.types.economy_shared import Order


class Enrolled(Answer, frozen=True, kw_only=True):
    """An agent in the economy.

    Attributes:
        agent_id: Its id.
        account_id: Its wallet.
        balance: What is in it, tokens.
        order: What filled it; null: it had enough, and nothing was moved.
    """

    agent_id: str
    account_id: str
    balance: str
    order: Order | None = None
