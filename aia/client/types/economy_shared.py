# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economy shared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer


class Order(Answer, frozen=True, kw_only=True):
    """An order as clients see it.

    Attributes:
        order_id: Its id.
        status: How far it is.
        kind: What it is about.
        order: What is to be done; amounts in tokens.
        by: Who wants it.
        placed_at: When it was placed, UTC.
        ended_at: When it was carried out or refused, UTC.
        result: What came of it.
        refusal: The code of the refusal.
        detail: What was said about that.
    """

    order_id: str
    status: str
    kind: str
    order: dict[str, Any]
    by: str
    placed_at: datetime
    ended_at: datetime | None = None
    result: dict[str, Any] = msgspec.field(default_factory=dict)
    refusal: str | None = None
    detail: str | None = None
