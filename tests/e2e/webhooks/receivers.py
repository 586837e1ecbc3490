"""An endpoint of agents: a small HTTP server that keeps what it gets and answers as it is told."""

import base64
import hmac
import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

PATIENCE = 60.0  # seconds; only ever waited out when something is wrong


class Received(NamedTuple):
    """A request.

    Attributes:
        path: Its path.
        headers: Its headers by lower-case name.
        body: Its body.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")

    def signed_with(self, secret: str) -> str:
        """Return the signature that there is to be, computed anew."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.webhook_id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


class Reply(NamedTuple):
    """An answer (``body``: JSON, or bytes as they are)."""

    status: int = 202
    body: Any = b""
    headers: Mapping[str, str] = {}


Answer = Callable[[Received], Reply]


class Receiver:
    """A running endpoint.

    Attributes:
        url: Where it is.
        tasks: The tasks that it got, in order.
        messages: The messages that it got.
        pings: The pings that it got.
        answer: Makes the answers to tasks.
        answer_ping: Makes those to pings.
        answer_message: Makes those to messages.
        reply: Makes an answer.
    """

    reply = Reply

    def __init__(self) -> None:
        self.tasks: queue.Queue[Received] = queue.Queue()
        self.pings: queue.Queue[Received] = queue.Queue()
        self.messages: queue.Queue[Received] = queue.Queue()
        self.answer: Answer = lambda _: Reply()
        self.answer_message: Answer = lambda _: Reply(204)
        self.answer_ping: Answer = lambda _: Reply(204)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._take(self, Received(self.path, headers, body))

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def next(self) -> Received:
        """Return the next task that it gets."""
        return self.tasks.get(timeout=PATIENCE)

    def next_message(self) -> Received:
        return self.messages.get(timeout=PATIENCE)

    def next_ping(self) -> Received:
        return self.pings.get(timeout=PATIENCE)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def _take(self, handler: BaseHTTPRequestHandler, received: Received) -> None:
        place, answer = {
            "ping": (self.pings, self.answer_ping),
            "message": (self.messages, self.answer_message),
        }.get(received.json.get("type"), (self.tasks, self.answer))
        place.put(received)
        reply = answer(received)
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        try:
            handler.send_response(reply.status)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            if reply.status not in {204, 304}:
                handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            if reply.status not in {204, 304}:
                handler.wfile.write(body)
        except OSError:
            pass  # whoever asked is gone


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
