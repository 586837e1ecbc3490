"""How a frame is written down as a type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import defstruct

from aia_mas.interfaces.http.requests import KEY_PATTERN
from aia_mas.interfaces.realtime.messages import SubscriptionId

Shape = type[msgspec.Struct]


class Frame(NamedTuple):
    """A frame that the protocol has.

    Attributes:
        type: The member ``type``.
        struct: What it consists of.
        summary: What it is for, one line.
        replies: The types of what it is answered with.
    """

    type: str
    struct: Shape
    summary: str
    replies: Sequence[str] = ()


Position = Annotated[int, msgspec.Meta(ge=0)]
_Key = Annotated[str, msgspec.Meta(pattern=KEY_PATTERN)]


def frame_of(
    kind: str, summary: str, *fields: tuple[str, Any] | tuple[str, Any, Any], name: str = ""
) -> Frame:
    """Return the frame of a type (``name``: of its Struct, where that of the type is not good)."""
    words = kind.title().replace("_", "")
    struct = defstruct(
        f"{name or words}Frame",
        fields,
        tag=kind,
        kw_only=True,
        namespace={"__doc__": f"{summary}."},
    )
    return Frame(kind, struct, summary)


def act_of(kind: str, data: type[Any], speaker: str, *, marked: bool = True) -> Frame:
    """Return the frame by which something is to be done, which is answered by a receipt.

    Args:
        kind: Its type.
        data: What is to be done.
        speaker: Who says it, for the name of the type.
        marked: Whether it needs an id.
    """
    summary = (data.__doc__ or "").partition("\n")[0].rstrip(".")
    made = frame_of(
        kind,
        summary,
        ("id", SubscriptionId) if marked else ("id", SubscriptionId, ""),
        ("idempotency_key", _Key | None, None),
        ("data", data),
        name=speaker + kind.title().replace("_", ""),
    )
    return made._replace(replies=("receipt",))
