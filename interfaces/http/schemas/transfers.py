"""Transfers as they are asked for, one by one or many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from aia_mas.domain.economy.accounts import AIA, check_account, wallet
from aia_mas.domain.economy.errors import UnbalancedEntry, ZeroAmount
from aia_mas.domain.economy.ledger.commands import PostHold, ReverseTransfer, Transfer
from aia_mas.domain.economy.ledger.entry import MOST_LEGS, Entry, Leg, move
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.interfaces.http.errors import FieldError, InvalidBody
from aia_mas.interfaces.http.schemas.amounts import OptionalAmount, optional_units, units
from aia_mas.interfaces.http.schemas.values import AgentId as Owner
from aia_mas.interfaces.http.schemas.values import EncodedProblem, encoded_as

MAX_BATCH = 1_000
"""Transfers of one batch, at most."""
TransferId = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[A-Za-z0-9._-]{1,128}$"})]
Token = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[A-Z][A-Z0-9_]{0,31}$"})]
AccountId = Annotated[
    str, msgspec.Meta(extra_json_schema={"maxLength": 256}, examples=["wallet:AIA:agent_001"])
]
Reason = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": r"^[a-z][a-z0-9_.-]{0,63}$"})]
Metadata = Annotated[dict[str, str], msgspec.Meta(extra_json_schema={"maxProperties": 16})]
Seconds = Annotated[float, msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0})]

_SIGNED = msgspec.Meta(
    description="Tokens into the account; with a minus sign out of it.",
    examples=["-15.0", 15],
    extra_json_schema={
        "type": ["string", "number"],
        "format": "decimal",
        "pattern": r"^-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,18})?$",
    },
)
if TYPE_CHECKING:
    SignedAmount = msgspec.Raw
else:
    SignedAmount = Annotated[msgspec.Raw, _SIGNED]


class TransferLeg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a transfer does to one account (``account``: its id, ``wallet:AIA:agent_001``)."""

    account: AccountId
    amount: SignedAmount

    def leg(self, field: str) -> Leg:
        """Return the leg.

        Raises:
            InvalidValue: The account or the amount is none.
        """
        check_account(self.account, f"{field}.account")
        return Leg(self.account, _signed_units(self.amount, f"{field}.amount"))


class TransferRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    """Tokens to be moved: from one to another, or by legs.

    Attributes:
        transfer_id: Its id; the same one is never carried out twice. Without a colon; left out:
            made up.
        from_: Whose wallet it comes from: an agent, or a client by its subject.
        to: Whose wallet it goes to.
        amount: How much.
        token: Of which token.
        legs: In place of the four above: what it does to each wallet. They sum to 0 per token.
        reason: A code for what it is about.
        metadata: Up to 16 texts that are kept with it.
        pending: Set it aside only, to be posted or voided later.
        timeout: Seconds after which a pending one expires, at most a year; left out: never.
    """

    transfer_id: TransferId | None = None
    from_: Owner | None = None
    to: Owner | None = None
    amount: OptionalAmount = None
    token: Token = AIA
    legs: tuple[TransferLeg, ...] | None = None
    reason: Reason = "transfer"
    metadata: Metadata = {}
    pending: bool = False
    timeout: Seconds | None = None

    def command(self, new_id: str) -> Transfer:
        """Return the command (``new_id``: for one without an id).

        Raises:
            InvalidValue: An amount is none, or it is said in both ways; ``others`` has the rest.
            InvalidBody: It says neither.
        """
        if self.transfer_id is not None:
            check_id(self.transfer_id, "transfer_id")
        entry = Entry(
            transfer_id=new_id if self.transfer_id is None else self.transfer_id,
            legs=self._legs(),
            reason=self.reason,
            metadata=self.metadata,
        )
        return Transfer(entry=entry, pending=self.pending, timeout=self.timeout)

    def _legs(self) -> tuple[Leg, ...]:
        said = (self.from_, self.to, self.amount)
        if self.legs is not None:
            if any(each is not None for each in said):
                raise InvalidValue("legs stand in place of from, to and amount", field="legs")
            return _read_legs(self.legs)
        names = ("from", "to", "amount")
        missing = [name for name, each in zip(names, said, strict=True) if each is None]
        if missing:
            raise InvalidBody([_missing(name) for name in missing])
        source, target = str(self.from_), str(self.to)
        mistakes = Mistakes()
        mistakes.check(check_id, source, "from")
        mistakes.check(check_id, target, "to")
        assert self.amount is not None
        amount = mistakes.check(_above_zero, self.amount, "amount")
        mistakes.refuse()
        assert amount is not None
        if source == target:
            raise InvalidValue("from and to are the same", field="to")
        return move(wallet(source, self.token), wallet(target, self.token), amount)


class TransferPosting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a pending transfer is moved; the rest is let go. Neither: all of it.

    Attributes:
        amount: So much, of one that has two legs.
        legs: What is done to each account, within what the pending one said.
    """

    amount: OptionalAmount = None
    legs: tuple[TransferLeg, ...] | None = None

    def command(self, transfer_id: str) -> PostHold:
        """Return the command.

        Raises:
            InvalidValue: An amount is none, or it is said in both ways.
        """
        if self.amount is not None and self.legs is not None:
            raise InvalidValue("legs stand in place of amount", field="legs")
        return PostHold(
            transfer_id=transfer_id,
            amount=optional_units(self.amount, "amount"),
            legs=None if self.legs is None else _read_legs(self.legs),
        )


class TransferReversal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A transfer to be taken back.

    Attributes:
        reversal_id: The id of the transfer that does it; left out: made up.
        reason: A code for why.
        metadata: Up to 16 texts that are kept with it.
    """

    reversal_id: TransferId | None = None
    reason: Reason = "reversal"
    metadata: Metadata = {}

    def command(self, transfer_id: str, new_id: str) -> ReverseTransfer:
        """Return the command (``new_id``: for one without an id).

        Raises:
            InvalidId: Of the reversal.
        """
        if self.reversal_id is not None:
            check_id(self.reversal_id, "reversal_id")
        return ReverseTransfer(
            transfer_id=transfer_id,
            reversal_id=new_id if self.reversal_id is None else self.reversal_id,
            reason=self.reason,
            metadata=self.metadata,
        )


Unread = Annotated[msgspec.Raw, encoded_as("TransferRequest")]


class TransferBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 1,000 transfers, carried out in order and in one commit.

    Attributes:
        transfers: Each as if it stood alone; read one by one, so that a bad one spoils no other.
        atomic: They are linked: all or nothing.
    """

    transfers: Annotated[
        tuple[Unread, ...], msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": 1000})
    ]
    atomic: bool = False


class TransferBatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one transfer of a batch.

    Attributes:
        status: The HTTP status that it would have had alone.
        transfer: The transfer, when it was accepted.
        problem: Why it was not, when it was refused.
    """

    status: int
    transfer: Annotated[msgspec.Raw, encoded_as("ToldTransfer")] | None = None
    problem: EncodedProblem | None = None


class TransferBatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, in the order of its transfers."""

    items: list[TransferBatchItem]
    accepted: int
    refused: int


def _read_legs(legs: tuple[TransferLeg, ...]) -> tuple[Leg, ...]:
    if len(legs) > MOST_LEGS:  # before anybody looks for so many accounts
        raise UnbalancedEntry(f"An entry has 1 to {MOST_LEGS} legs", field="legs")
    mistakes = Mistakes()
    read = [mistakes.check(leg.leg, f"legs.{number}") for number, leg in enumerate(legs)]
    mistakes.refuse()
    return tuple(leg for leg in read if leg is not None)


def _above_zero(amount: msgspec.Raw, field: str) -> int:
    found = units(amount, field)
    if not found:
        raise ZeroAmount(field=field)
    return found


def _signed_units(amount: msgspec.Raw, field: str) -> int:
    raw = bytes(amount)
    if raw.startswith(b'"-'):
        return -units(msgspec.Raw(b'"' + raw[2:]), field)
    if raw.startswith(b"-"):
        return -units(msgspec.Raw(raw[1:]), field)
    return units(amount, field)


def _missing(name: str) -> FieldError:
    return FieldError(
        code="missing_field", message=f"{name} is missing", field=name, pointer=f"/{name}"
    )
