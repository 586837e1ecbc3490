"""One message by which something is to be done."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from aia_mas.application.engine.engine import Origin
from aia_mas.domain.kernel import Principal
from aia_mas.interfaces.http.requests import KEY_PATTERN
from aia_mas.interfaces.realtime.messages import ErrorCode, MessageRefused, SubscriptionId


class Envelope(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One message of an agent, or of another client that acts.

    Attributes:
        type: What it is about.
        id: What its receipt is marked with; empty where it may be left out and was.
        idempotency_key: Repeated with the same message, the first receipt is given again.
        data: The body of the request that says the same over HTTP.
    """

    type: str
    id: SubscriptionId = ""
    idempotency_key: Annotated[str, msgspec.Meta(pattern=KEY_PATTERN)] | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")

    def origin(self, principal: Principal, name: str) -> Origin:
        """Return where its command comes from (``name``: of whom the socket is)."""
        key = self.idempotency_key
        if key is None:
            return Origin(principal, None, b"", self.id or None)
        subject = principal.subject.replace("%", "%25").replace(":", "%3A")
        digest = hashlib.sha256(f"{self.type}\n{name}\n".encode())
        digest.update(bytes(self.data))
        return Origin(principal, f"ws:{subject}:{key}", digest.digest(), self.id or None)


def opened(text: str) -> Envelope:
    """Return a message whose type is known.

    Raises:
        MessageRefused: It has not the form of one.
    """
    try:
        return _decode(text)
    except msgspec.ValidationError as error:
        raise MessageRefused(ErrorCode.INVALID_MESSAGE, str(error)) from None


_decode = msgspec.json.Decoder(Envelope).decode
