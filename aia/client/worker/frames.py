"""What a worker and a server say to each other, as far as the worker reads it.

Fields that a newer server adds are passed over; docs/agent-socket.md has them all.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Given(msgspec.Struct, frozen=True):
    """The input of a task, as it came (``payload``: for its handler to read)."""

    payload: msgspec.Raw


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The first frame of a connection."""

    agent_id: str
    status: str = "active"
    heartbeat_seconds: float = 30.0


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is not the worker's any more (``lease``: None in answers to heartbeats)."""

    task_id: str
    status: str = ""
    lease: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question."""

    task_id: str
    number: int
    answer: Any = None


class AgentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The agent was drained, suspended, activated or unregistered."""

    status: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the agent holds, by the server's account.

    Attributes:
        task_id: Which.
        lease: Its fencing token.
        answered: The number of the last question about it that was answered.
    """

    task_id: str
    lease: str | None = None
    answered: int = 0


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a heartbeat."""

    tasks: tuple[Held, ...] = ()
    lost: tuple[Lost, ...] = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was refused (RFC 9457)."""

    code: str = ""
    detail: str = ""
    retry_after: float | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame of the server, its data not yet read.

    Attributes:
        type: What it is about.
        data: Its content.
        position: Of a message that was delivered: by what it was queued.
        id: Of a receipt: the message's.
        status: Of a receipt: the HTTP status of the request that says the same.
        replayed: Of a receipt: the message had been carried out before.
    """

    type: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    position: int = 0
    id: str | None = None
    status: int = 0
    replayed: bool = False


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a message was answered when it was carried out.

    Attributes:
        data: The task as it then is, or the answer to a heartbeat.
        replayed: It had been carried out before, under the same key.
    """

    data: msgspec.Raw = msgspec.Raw(b"null")
    replayed: bool = False


read_frame = msgspec.json.Decoder(Frame).decode
