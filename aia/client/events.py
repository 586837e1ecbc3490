"""The wire of live streams: server-sent events (WHATWG HTML, 9.2) and the frames in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from aia.client.types.economic_reads import EconomicSummary
from aia.client.types.live import (
    AgentSnapshot,
    AgentUpdate,
    BudgetSnapshot,
    BudgetUpdate,
    EconomicUpdate,
    MessageUpdate,
    MetricsUpdate,
    ProposalSnapshot,
    ProposalUpdate,
    TaskSnapshot,
    TaskUpdate,
    Update,
)
from aia.client.types.metrics_reads import Metrics


class ServerEvent(NamedTuple):
    """One event; one without data says only where the client stands.

    Attributes:
        kind: Its type.
        id: Where the client stands after it; None: it does not say; empty: nowhere.
        data: What it says.
    """

    kind: str
    id: str | None
    data: bytes


class EventDecoder:
    """Puts events together from the pieces in which they come.

    Lines end at line feeds alone, as this API sends them: text within JSON may hold any other
    character that ends a line elsewhere.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._kind = ""
        self._id: str | None = None
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """Take a piece; yield the events that are complete with it."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            event = self._line(line.removesuffix(b"\r"))
            if event is not None:
                yield event

    def _line(self, line: bytes) -> ServerEvent | None:
        if line:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                self._data.append(value)
            elif name == b"event":
                self._kind = value.decode(errors="replace")
            elif name == b"id":
                self._id = value.decode(errors="replace")
            return None
        told = bool(self._data) or self._id is not None
        event = ServerEvent(self._kind, self._id, b"\n".join(self._data)) if told else None
        self._kind, self._id, self._data = "", None, []
        return event


class _Frame(msgspec.Struct):
    data: msgspec.Raw
    position: int = 0
    as_of: int = 0
    id: str = ""


class Subscribed(msgspec.Struct, frozen=True):
    """A subscription began.

    Attributes:
        id: Of which topic.
        recovered: It goes on where it was to go on.
        snapshot: It begins with how things stand.
        position: Everything behind it follows; None where latest values are told.
        epoch: The history that positions belong to.
    """

    id: str
    recovered: bool
    position: int | None
    epoch: str
    snapshot: bool = False


class Closed(msgspec.Struct, frozen=True):
    """The server ended the stream, and says why."""

    code: int
    reason: str = ""


_KINDS = frozenset(
    {
        "task_update",
        "agent_update",
        "proposal_update",
        "budget_update",
        "message_update",
        "metrics_update",
        "economic_update",
        "snapshot",
    }
)
_frame = msgspec.json.Decoder(_Frame).decode
_FACTS: Mapping[
    str,
    Callable[
        [bytes | msgspec.Raw],
        TaskUpdate | AgentUpdate | ProposalUpdate | BudgetUpdate | MessageUpdate,
    ],
]
_FACTS = {
    "task_update": msgspec.json.Decoder(TaskUpdate).decode,
    "agent_update": msgspec.json.Decoder(AgentUpdate).decode,
    "proposal_update": msgspec.json.Decoder(ProposalUpdate).decode,
    "budget_update": msgspec.json.Decoder(BudgetUpdate).decode,
    "message_update": msgspec.json.Decoder(MessageUpdate).decode,
}
_PAGES: Mapping[
    str,
    Callable[
        [bytes | msgspec.Raw], TaskSnapshot | AgentSnapshot | ProposalSnapshot | BudgetSnapshot
    ],
]
_PAGES = {
    "tasks": msgspec.json.Decoder(TaskSnapshot).decode,
    "agents": msgspec.json.Decoder(AgentSnapshot).decode,
    "proposals": msgspec.json.Decoder(ProposalSnapshot).decode,
    "budgets": msgspec.json.Decoder(BudgetSnapshot).decode,
}
_metrics = msgspec.json.Decoder(Metrics).decode
_summary = msgspec.json.Decoder(EconomicSummary).decode
_subscribed = msgspec.json.Decoder(Subscribed).decode
_closed = msgspec.json.Decoder(Closed).decode


def understood(event: ServerEvent) -> Update | Subscribed | Closed | None:
    """Return what an event says; None: a later server says what this client does not know.

    Raises:
        DecodeError: It is not what its name says.
    """
    if event.kind == "subscribed":
        return _subscribed(event.data)
    if event.kind == "closed":
        return _closed(event.data)
    if not event.data or event.kind not in _KINDS:
        return None
    frame = _frame(event.data)
    if event.kind == "snapshot":
        page = _PAGES[frame.id](frame.data)
        return msgspec.structs.replace(page, position=frame.position)
    if event.kind == "metrics_update":
        return MetricsUpdate(as_of=frame.as_of, metrics=_metrics(frame.data))
    if event.kind == "economic_update":
        return EconomicUpdate(as_of=frame.as_of, summary=_summary(frame.data))
    update = _FACTS[event.kind](frame.data)
    return msgspec.structs.replace(update, position=frame.position, place=event.id or "")
