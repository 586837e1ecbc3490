"""A client of the sockets over which messages come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection

from .agents_at_work import API, Worker

MESSAGES = f"{API}/communication/ws/"


class Mailbox(Worker):
    """A client to which messages come."""

    def message(self) -> dict[str, Any]:
        """Return the view of the message that comes next."""
        view: dict[str, Any] = self.next("message")["data"]
        return view

    def messages(self, count: int) -> list[dict[str, Any]]:
        return [self.message() for _ in range(count)]

    def nothing_came(self) -> bool:
        """Tell whether there is no message before the answer to a question."""
        self.connection.send('{"type":"ping","id":"nothing"}')
        self.next("pong")
        return all(frame["type"] != "message" for frame in self._kept)

    def ack(self, *messages: dict[str, Any]) -> dict[str, Any]:
        """Acknowledge messages; returns the data of the receipt."""
        receipt = self.ask("ack", {"message_ids": [each["message_id"] for each in messages]})
        assert receipt["status"] == 200, receipt
        told: dict[str, Any] = receipt["data"]
        return told

    def send(self, **message: Any) -> dict[str, Any]:
        """Send a message; returns what it was answered."""
        receipt = self.ask("send", {"message_type": "note", **message})
        assert receipt["status"] == 200, receipt
        told: dict[str, Any] = receipt["data"]
        return told

    def cut(self) -> None:
        """Break off without a word."""
        self.connection.socket.close()


Open = Callable[..., Mailbox]


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    return [message["payload"] for message in messages]


@contextmanager
def opened(connection: ClientConnection) -> Iterator[Mailbox]:
    """A mailbox that is open; it leaves at the end."""
    with connection:
        yield Mailbox(connection)
