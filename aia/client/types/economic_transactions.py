# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economic transactions."""

from __future__ import annotations

from aia.client.types.base import Answer
from aia.client.types.economy import Transaction


class TransactionPage(Answer, frozen=True, kw_only=True):
    """Transfers (`next_cursor`: for the next page, if there is one; `total`: if asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: If asked for.
    """

    items: list[Transaction]
    next_cursor: str | None
    total: int | None = None
