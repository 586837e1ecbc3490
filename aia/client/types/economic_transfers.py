# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economic transfers."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer
from aia.client.types.economy import ToldLeg
from aia.client.types.shared import Problem


class ToldTransfer(Answer, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A transfer.

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


class TransferBatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one transfer of a batch.

    Attributes:
        status: The HTTP status that it would have had alone.
        transfer: The transfer, when it was accepted.
        problem: Why it was not, when it was refused.
    """

    status: int
    transfer: ToldTransfer | None = None
    problem: Problem | None = None


class TransferBatchResult(Answer, frozen=True, kw_only=True):
    """What became of a batch, in the order of its transfers."""

    items: list[TransferBatchItem]
    accepted: int
    refused: int
