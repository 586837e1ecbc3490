# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about bulk orders."""

from __future__ import annotations

import msgspec

from aia.client.types.base import Answer


class BulkExample(msgspec.Struct, frozen=True, kw_only=True):
    """One of many (`id`: which; `code`: why it was refused, if it was).

    Attributes:
        id: Which.
        code: Why it was refused, if it was.
    """

    id: str
    code: str | None = None


class BulkResult(Answer, frozen=True, kw_only=True):
    """What came of an order.

    Attributes:
        bulk_id: Its id; the order itself stands in the audit stream `bulk/<bulk_id>`. None: there
            was none.
        dry_run: Nothing was done.
        matched: How many it is about.
        changed: How many of them it was carried out for.
        refused: How many of them it was (in a dry run: would be) refused for, by code.
        examples: Up to 20 of them; those that were refused first.
        more: There are others beyond the limit; order again.
    """

    bulk_id: str | None
    dry_run: bool
    matched: int
    changed: int
    refused: dict[str, int]
    examples: list[BulkExample]
    more: bool
