"""What is stored of an answered command, so that a repetition gets the first answer again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from aia_mas.domain.kernel import DomainError

_ACCEPTED = b"A"
_REFUSED = b"R"
_SEVERAL = b"M"
_encode = msgspec.json.Encoder().encode


class CommandResult(NamedTuple):
    """The answer to an accepted command.

    Attributes:
        body: JSON, exactly what a client gets.
        position: The position of its last event; a read at this position sees its effect.
        replayed: The command was carried out before; this is its first answer again.
        result: What the decision called it, for a command that was given alone; see ``Decision``.
    """

    body: bytes
    position: int
    replayed: bool = False
    result: Any = None


class StoredRefusal(DomainError):
    """The command was refused when it was given first."""

    replayed = True

    def __init__(
        self,
        code: str,
        title: str,
        detail: str,
        field: str,
        facts: Any,
        others: Sequence[Sequence[Any]] = (),
    ) -> None:
        """Restore a refusal; its class may be gone, its code is what clients go by."""
        super().__init__(detail, **facts)
        self.code = code  # type: ignore[misc]
        self.title = title
        self.field = field
        self.all = (self, *(StoredRefusal(*other) for other in others))


def of_item(item: bytes | DomainError, result: Any = None) -> bytes:
    """Return the outcome of one command: its encoded answer, or its refusal.

    The result of the decision stands in a second line; encoded JSON has none itself.
    """
    if isinstance(item, bytes):
        return _ACCEPTED + item if result is None else b"A%b\n%b" % (item, _encode(result))
    first, *others = map(_stored, getattr(item, "all", (item,)))
    return _REFUSED + _encode([*first, others] if others else first)


def of_items(items: Sequence[bytes | DomainError]) -> bytes:
    """Return the outcome of several commands that were given together."""
    parts = [of_item(item) for item in items]
    return _SEVERAL + _encode([[part[:1].decode(), msgspec.Raw(part[1:])] for part in parts])


def restored(outcome: bytes) -> tuple[list[bytes | DomainError], Any]:
    """Return the items of a stored outcome, and the result of a command that was given alone."""
    if outcome[:1] != _SEVERAL:
        body, _, result = outcome[1:].partition(b"\n")
        return [_item(outcome[:1], body)], msgspec.json.decode(result) if result else None
    parts = msgspec.json.decode(outcome[1:], type=list[tuple[str, msgspec.Raw]])
    return [_item(tag.encode(), bytes(body)) for tag, body in parts], None


def _stored(refusal: DomainError) -> list[Any]:
    field = getattr(refusal, "field", "")
    return [refusal.code, refusal.title, refusal.detail, field, refusal.facts]


def _item(tag: bytes, body: bytes) -> bytes | DomainError:
    return body if tag == _ACCEPTED else StoredRefusal(*msgspec.json.decode(body))
