"""What all queries share: waiting for a position, pages, cursors that cannot be forged."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
from litestar.params import QueryParameter

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.interfaces.http.answers import Header
from aia_mas.interfaces.http.errors import (
    FieldError,
    InvalidCursor,
    InvalidParameter,
    MissingParameter,
    ProjectionBehind,
)
from aia_mas.interfaces.http.requests import ApiRequest

PATIENCE = 5.0
"""Longest wait for ``min_position``, seconds."""
COURTESY = 0.5
"""Longest wait for what this node knows to be committed, when no position was named, seconds."""
LAST_POSITION = 2**53 - 1
"""The largest position that can be asked for; JSON numbers are exact up to here."""
MAX_LIMIT = 500
_MAC = 16
_LONGEST_NUMBER = 18

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Items of a page, at most.")]
Total = Annotated[bool, QueryParameter(description="Also count all items.")]
Cursor = Annotated[
    str | None,
    QueryParameter(description="`next_cursor` of the page before, with the same filters."),
]
MinPosition = Annotated[
    int,
    QueryParameter(
        ge=0,
        le=LAST_POSITION,
        description="Answer only when the read model has this position (`X-Event-Position`).",
    ),
]

P = ParamSpec("P")
T = TypeVar("T")

_encode = msgspec.json.Encoder(order="sorted").encode


def as_of(position: int) -> Header:
    """Return the header that tells at which position of the log things stood as answered."""
    return (b"x-event-position", b"%d" % position)


def given(check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Check or convert a parameter of the query that is not what it should be by itself.

    Whatever it is that is wrong with its form, it is the same mistake as a wrong type.

    Returns:
        What the check returns.

    Raises:
        InvalidParameter: It refused.
    """
    try:
        return check(*args, **kwargs)
    except InvalidValue as error:
        code = InvalidParameter.code
        wrong = FieldError(code=code, message=error.detail, field=error.field)
        raise InvalidParameter(error.detail, errors=[wrong]) from None


def needs(name: str, value: object, other: str, other_value: object) -> None:
    """Refuse a parameter that would be ignored because another one is missing.

    Args:
        name: The parameter.
        value: Its value; None: it was not given.
        other: The one that it belongs to.
        other_value: That one's value.

    Raises:
        MissingParameter: The first was given without the second.
    """
    if value is not None and other_value is None:
        message = f"{name} means nothing without it"
        wrong = FieldError(code=MissingParameter.code, message=message, field=other)
        raise MissingParameter(f"{name} needs {other}", errors=[wrong])


async def reached(request: ApiRequest, read_model: str, position: int) -> None:
    """Wait until a read model has a position.

    Without one (0) it is that of the last event which this node knows, so that whoever asks the
    node that took a command sees its effect; if that takes too long, the answer is what there is.
    Only a read model that has not yet caught up once since the node started (a new version is
    being built) is waited for as for a named position: much may be missing from it.

    Raises:
        ProjectionBehind: It has not reached the position named, or never yet caught up, within a
            few seconds.
    """
    system = request.system
    if not position:
        if not await system.projections.caught_up(read_model, PATIENCE):
            raise ProjectionBehind(f"{read_model} is still being built; try again")
        await system.projections.wait_for(read_model, system.log.feed.position, COURTESY)
    elif not await system.projections.wait_for(read_model, position, PATIENCE):
        raise ProjectionBehind(f"{read_model} has not reached position {position}; try again")


async def logged(request: ApiRequest, position: int) -> None:
    """Wait until this node knows the log up to a position; 0: do not wait.

    For queries that read the log itself, which needs nobody to fold it first.

    Raises:
        ProjectionBehind: It does not know it within a few seconds.
    """
    if position and not await request.system.log.feed.wait(position - 1, PATIENCE):
        raise ProjectionBehind(f"The log has not reached position {position}; try again")


async def decided_on(request: ApiRequest, position: int) -> None:
    """Wait until the dispatcher's fold on this node has a position.

    Raises:
        ProjectionBehind: It has not within a few seconds.
    """
    if not await request.system.dispatcher.knows(position, PATIENCE):
        raise ProjectionBehind(f"The dispatcher has not seen position {position} yet; try again")


def number_in(cursor: str) -> int:
    """Return the number that an opened cursor holds.

    Raises:
        InvalidCursor: It holds something else.
    """
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > _LONGEST_NUMBER:
        raise InvalidCursor
    return int(cursor)


class Cursors:
    """Turns cursors of the read models into ones that clients cannot make up, and back.

    A cursor belongs to one list with the same filters and order; that and its authenticity are
    sealed by HMAC-SHA-256 (RFC 2104) under a key that all nodes of a store share.
    """

    def __init__(self, request: ApiRequest, filters: Any, operation: str | None = None) -> None:
        """Belong to the list of a request.

        Args:
            request: The request.
            filters: What else decides which items come in which order, JSON-compatible.
            operation: Whose list it is; None: that of the request.
        """
        system = request.system
        secret = (system.settings.jwt_secret or "").encode()
        self._key = hashlib.sha256(b"cursor" + system.log.store_id.bytes + secret).digest()
        name = operation or request.route_handler.operation_id
        self._list = f"{name}\n".encode() + _encode(filters)

    def seal(self, cursor: str | None) -> str | None:
        """Return a cursor for the client."""
        if cursor is None:
            return None
        inner = cursor.encode()
        return base64.urlsafe_b64encode(self._mac(inner) + inner).decode().rstrip("=")

    def open(self, cursor: str | None) -> str | None:
        """Return the cursor within one of a client's.

        Raises:
            InvalidCursor: It is not one of ours, or belongs to another list.
        """
        if cursor is None:
            return None
        try:
            sealed = base64.b64decode(
                cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
            )
        except (binascii.Error, ValueError):
            raise InvalidCursor from None
        inner = sealed[_MAC:]
        if not hmac.compare_digest(sealed[:_MAC], self._mac(inner)):
            raise InvalidCursor
        return inner.decode("utf-8", "replace")

    def _mac(self, inner: bytes) -> bytes:
        return hmac.digest(self._key, self._list + b"\n" + inner, "sha256")[:_MAC]
