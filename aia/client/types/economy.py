# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economy."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class ToldLeg(msgspec.Struct, frozen=True, kw_only=True):
    """What a transfer does to one account (`amount`: tokens, below 0 out of it).

    Attributes:
        amount: Tokens, below 0 out of it.
    """

    account: str
    amount: str


class Transaction(Answer, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A transfer as the ledger shows it (`position`: where its last change stands in the log).

    Attributes:
        transfer_id: Its id.
        status: `posted`, `pending`, `voided` or `expired`.
        pending: It began as a pending one.
        to: The account that it brings to, when it is one.
        token: The token that it moves, when it is one.
        amount: The tokens that it moves, or is to move, when it is one kind of token.
        legs: What it does, or is to do, to each account.
        moved: What it has done; nothing while it is pending and when it came to nothing.
        reason: Its reason code.
        metadata: What is kept with it.
        expires_at: Until when a pending one may be posted, UTC.
        reverses: The transfer that it takes back.
        reversed_by: The transfer that took it back.
        by: Who wanted it.
        at: When, UTC.
        position: Where its last change stands in the log.
    """

    transfer_id: str
    status: str
    pending: bool
    from_: str | None
    to: str | None
    token: str | None
    amount: str | None
    legs: list[ToldLeg]
    moved: list[ToldLeg]
    reason: str
    metadata: dict[str, str]
    expires_at: datetime | None
    reverses: str | None
    reversed_by: str | None
    by: str
    at: datetime
    position: int
