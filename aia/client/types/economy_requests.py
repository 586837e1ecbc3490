# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about economy are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aia.client.writing import Amount, exact


class TransferLeg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a transfer does to one account (`account`: its id, `wallet:AIA:agent_001`).

    Attributes:
        account: Its id, `wallet:AIA:agent_001`.
        amount: Tokens into the account; with a minus sign out of it.
    """

    account: str
    amount: Amount

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))


class TransferRequest(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}
):
    """Tokens to be moved: from one to another, or by legs.

    Attributes:
        transfer_id: Its id; the same one is never carried out twice. Without a colon; left out:
            made up.
        to: Whose wallet it goes to.
        amount: How much. A number of tokens: a string of plain digits with at most 18 decimals, or
            a number.
        token: Of which token.
        legs: In place of the four above: what it does to each wallet. They sum to 0 per token.
        reason: A code for what it is about.
        metadata: Up to 16 texts that are kept with it.
        pending: Set it aside only, to be posted or voided later.
        timeout: Seconds after which a pending one expires, at most a year; left out: never.
    """

    transfer_id: str | None = None
    from_: str | None = None
    to: str | None = None
    amount: Amount | None = None
    token: str | None = None
    legs: Sequence[TransferLeg | Mapping[str, Any]] | None = None
    reason: str | None = None
    metadata: Mapping[str, str] | None = None
    pending: bool | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))
