"""The AsyncAPI 3 document of the sockets (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aia_mas import __version__
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.realtime.asyncapi.frames import (
    FROM_AGENTS,
    FROM_CLIENTS,
    TO_AGENTS,
    TO_EVERYBODY,
)
from aia_mas.interfaces.realtime.asyncapi.mail_frames import FROM_MAILBOXES, TO_MAILBOXES
from aia_mas.interfaces.realtime.asyncapi.schemas import REF, schemas_of
from aia_mas.interfaces.realtime.asyncapi.shapes import Frame
from aia_mas.interfaces.realtime.close_codes import CloseCode
from aia_mas.interfaces.realtime.handshake import PROTOCOL

_DESCRIPTION = """JSON text frames over WebSocket (RFC 6455). Positions are those of the event log;
who was away resumes from the last one it has seen and misses nothing. Who may connect, with what,
and what each close code asks of a client, stands in docs/realtime.md; the requests that say the
same over HTTP stand in openapi.json."""


class Channel(NamedTuple):
    """A socket.

    Attributes:
        name: Its name in the document.
        address: Its path.
        parameter: What stands in the path: name and meaning.
        summary: What it is for.
        received: What clients say.
        sent: What they are told.
    """

    name: str
    address: str
    parameter: tuple[str, str]
    summary: str
    received: Sequence[Frame]
    sent: Sequence[Frame]


_TO_ALL: Sequence[Frame] = (*TO_EVERYBODY, *TO_AGENTS)
_ANSWERS = ("pong", "error", "receipt")
"""What whoever says something is answered, whatever the socket."""

CHANNELS: Sequence[Channel] = (
    Channel(
        "frontend",
        f"{API}/agents/ws/frontend/{{client_id}}",
        ("client_id", "What the client calls itself: letters, digits and ._:-, up to 128."),
        "Live metrics, and every event of tasks and agents",
        FROM_CLIENTS,
        TO_EVERYBODY,
    ),
    Channel(
        "agent",
        f"{API}/agents/ws/agent/{{agent_id}}",
        ("agent_id", "The registered agent that connects."),
        "An agent's work: what it is given, and what it reports; with ?messages=true its messages",
        (*FROM_CLIENTS, *FROM_AGENTS, *FROM_MAILBOXES),
        (*TO_EVERYBODY, *TO_AGENTS, *TO_MAILBOXES),
    ),
    Channel(
        "mailbox",
        f"{API}/communication/ws/{{agent_id}}",
        ("agent_id", "Whose messages: an agent, or a client whose subject this is."),
        "The messages of one recipient, and those that it sends",
        (*(frame for frame in FROM_CLIENTS if frame.type == "ping"), *FROM_MAILBOXES),
        (*(frame for frame in _TO_ALL if frame.type in _ANSWERS), *TO_MAILBOXES),
    ),
)


def frames() -> Sequence[Frame]:
    """Return every frame once."""
    from_all = (*FROM_CLIENTS, *FROM_AGENTS, *FROM_MAILBOXES)
    return (*from_all, *_TO_ALL, *TO_MAILBOXES)


def document(host: str) -> dict[str, Any]:
    """Return the document as JSON-like data.

    Args:
        host: Where the node is, as the client asked for it: name or address, and port.
    """
    every = frames()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "AIA MAS: sockets", "version": __version__, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "node": {
                "host": host,
                "protocol": "ws",
                "description": f"Offer the subprotocol {PROTOCOL}.",
                "security": [{"$ref": "#/components/securitySchemes/bearer"}],
            }
        },
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(_operations()),
        "components": {
            "messages": {frame.type: _message(frame) for frame in every},
            "schemas": schemas_of(every),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "In the Authorization header, never in the URL; from a browser "
                    "a one-time ticket (`create_ticket` of the HTTP API) as the subprotocol "
                    "`ticket.<ticket>`, or the token as `bearer.<token>`.",
                }
            },
        },
        "x-close-codes": {str(int(code)): code.name.lower() for code in CloseCode},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    name, meaning = channel.parameter
    spoken = (*channel.received, *channel.sent)
    return {
        "address": channel.address,
        "summary": channel.summary,
        "servers": [{"$ref": "#/servers/node"}],
        "parameters": {name: {"description": meaning}},
        "messages": {
            frame.type: {"$ref": f"#/components/messages/{frame.type}"} for frame in spoken
        },
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _operations() -> Mapping[str, Any]:
    """Return what the node receives, one by one with its answers, and all that it sends."""
    found: dict[str, Any] = {}
    for channel in CHANNELS:
        place = f"#/channels/{channel.name}"
        for frame in channel.received:
            found[f"{channel.name}_receives_{frame.type}"] = {
                "action": "receive",
                "channel": {"$ref": place},
                "summary": frame.summary,
                "messages": [{"$ref": f"{place}/messages/{frame.type}"}],
                "reply": {
                    "channel": {"$ref": place},
                    "messages": [{"$ref": f"{place}/messages/{kind}"} for kind in frame.replies],
                },
            }
        found[f"{channel.name}_sends"] = {
            "action": "send",
            "channel": {"$ref": place},
            "summary": channel.summary,
            "messages": [{"$ref": f"{place}/messages/{frame.type}"} for frame in channel.sent],
        }
    return found


def _message(frame: Frame) -> dict[str, Any]:
    return {
        "name": frame.type,
        "title": frame.type,
        "summary": frame.summary,
        "contentType": "application/json",
        "payload": {"$ref": REF.format(name=frame.struct.__name__)},
    }
