"""The channels of the bridge, and what is said on them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from aia_mas.interfaces.realtime.acting import Envelope

SEND = "mas:send"
"""Where everything is said that is to be done."""
REFUSED = "mas:refused"
"""Where it is told what came from nobody who is known."""

_Text = Annotated[str, msgspec.Meta(max_length=300)]


def agent_channel(agent_id: str) -> str:
    """Return the channel on which somebody gets messages and receipts."""
    return f"mas:agent:{agent_id}"


def topic_channel(topic: str) -> str:
    """Return the channel on which messages to a topic are copied, for whoever listens."""
    return f"mas:topic:{topic}"


class Said(Envelope, kw_only=True, forbid_unknown_fields=True):
    """What is said on ``mas:send``.

    Attributes:
        token: Who says it: the same JWT as over HTTP; none is needed in development mode.
        agent_id: Whose mailbox it is about; that of the token when it is left out.
    """

    token: Annotated[str, msgspec.Meta(max_length=8_192)] | None = None
    agent_id: _Text | None = None


class Collect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have messages published, for as long as somebody listens on the channel.

    Attributes:
        prefetch: How many may be out without having been acknowledged.
    """

    prefetch: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 64


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """How a mailbox stands.

    Attributes:
        agent_id: Whose it is.
        collecting: Whether its messages are published.
        waiting: How many wait.
    """

    agent_id: str
    collecting: bool
    waiting: int


read_said = msgspec.json.Decoder(Said).decode
read_collect = msgspec.json.Decoder(Collect).decode
