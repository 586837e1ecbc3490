# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered in several places."""

from __future__ import annotations

from datetime import datetime

import msgspec


class DestinationView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message goes; exactly one of these.

    Attributes:
        to_agent: This agent.
        to_agents: These agents.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these `all` or `any`, the least loaded one.
        role: Agents whose label `role` says so.
        broadcast: All agents.
    """

    to_agent: str | None = None
    to_agents: list[str] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: str | None = None
    role: str | None = None
    broadcast: bool = False


class ListedConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection of some node (`node`: the name of that node).

    Attributes:
        connection_id: Its id, a UUIDv7: sorted by it, they are in the order of their times.
        kind: `frontend`, `agent`, `stream` or `messages`.
        client_id: What the client calls itself; of a stream, the id of its request.
        agent_id: The agent that it serves, if it does.
        subject: Whose token opened it.
        opened_at: When, UTC, by the clock of its node.
        topics: What it is subscribed to.
        queued_bytes: What waits for its client unread, some seconds ago; 0 for less than 16 KiB.
        node: The name of that node.
    """

    connection_id: str
    kind: str
    client_id: str
    agent_id: str | None
    subject: str
    opened_at: datetime
    topics: list[str]
    queued_bytes: int
    node: str


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one field of a request.

    Attributes:
        code: The stable code of the mistake.
        message: One sentence about it.
        field: The field's dotted path, with numbers from 0 for entries of lists, for example
            `requirements.skills.python` or `specializations.1`; a dot within a name has a
            backslash before it.
        pointer: The same as a JSON pointer (RFC 6901), for fields of the body.
    """

    code: str
    message: str
    field: str = ""
    pointer: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, as RFC 9457 has it, with a stable `code` to act on.

    Attributes:
        type: Names the kind of problem; it ends with the code.
        title: The kind of problem in words; the same for every occurrence.
        status: The HTTP status.
        code: The stable code.
        detail: This occurrence in words.
        instance: The path that was asked for.
        request_id: What our log knows the request by; not in items of a batch, which share that of
            the header X-Request-Id.
        errors: The fields that are wrong.
        retry_after: When it may be worth another try, whole seconds; with 429 and 503, as in the
            header Retry-After.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str = ""
    request_id: str = ""
    errors: list[FieldError] = msgspec.field(default_factory=list)
    retry_after: int | None = None
