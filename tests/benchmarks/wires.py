"""What the loaders of sockets share: cheap clients, bounds of the system, and sums at the end."""

import asyncio
import json
import resource
from array import array
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

API = "/mas/api/v1"
FRONTEND = f"{API}/agents/ws/frontend/"
OPENINGS = 200
"""Handshakes under way at once where the opening itself is not measured."""
PATIENCE = 120.0
"""Seconds after which a loader gives up, whatever it waits for."""

_FACT = b'_update","position":'
_BEGIN = 24
"""Where the position of a fact is looked for: its type stands before it."""


def raise_limits() -> None:
    """Allow this process as many open sockets as it may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def resident(pid: int) -> int:
    """Return the memory that a process has in use, bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def part(sorted_values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all lies."""
    return sorted_values[min(int(len(sorted_values) * share), len(sorted_values) - 1)]


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Return what is told of a set of waiting times."""
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "p50_ms": part(ordered, 0.5) * 1e3,
        "p95_ms": part(ordered, 0.95) * 1e3,
        "p99_ms": part(ordered, 0.99) * 1e3,
        "max_ms": ordered[-1] * 1e3,
    }


def position_of(payload: bytes) -> int | None:
    """Return the position of a fact's frame without decoding it; None for other frames."""
    at = payload.find(_FACT, 0, _BEGIN + len(_FACT))
    if at < 0:
        return None
    begin = at + len(_FACT)
    return int(payload[begin : payload.index(b",", begin)])


class Http:
    """Keep-alive connections to one server; each carries one request at a time."""

    def __init__(self, port: int) -> None:
        """Make a pool without connections; they are opened as they are needed."""
        self.port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(
        self, method: str, path: str, body: Any = None, key: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (lower case) and body of the answer.

        Raises:
            OSError: Nobody is there, or the connection broke.
        """
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {API}{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        if key:
            head += f"Idempotency-Key: {key}\r\n"
        if sent:
            head += "Content-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent
        wire = self._free.pop() if self._free else None
        if wire is None or wire[0].at_eof() or wire[1].is_closing():
            wire = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = wire
        try:
            writer.write(request)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in lines[1:] if line)
            headers = {name.lower(): value for name, _, value in pairs}
            answer = await reader.readexactly(int(headers.get("content-length", 0)))
        except asyncio.IncompleteReadError as error:
            writer.close()
            raise ConnectionResetError from error
        except BaseException:
            writer.close()
            raise
        if headers.get("connection") == "close":
            writer.close()
        else:
            self._free.append((reader, writer))
        return int(lines[0].split()[1]), headers, answer

    async def get(self, method: str, path: str, body: Any = None) -> Any:
        """Return the body of an answer that must be a success."""
        status, _, answer = await self.ask(method, path, body)
        assert 200 <= status < 300, (method, path, status, answer)
        return json.loads(answer)


async def recorded(http: Http, after: int, upto: int) -> list[int]:
    """Return the positions of all events of tasks behind a position, from the log itself."""
    positions: list[int] = []
    while True:
        query = f"category=task&after={positions[-1] if positions else after}&upto={upto}&limit=500"
        items = (await http.get("GET", f"/audit/events?{query}"))["items"]
        if not items:
            return positions
        positions += [item["position"] for item in items]


class Listener(WSListener):
    """A client of the frontend socket that keeps the positions of the facts it is told.

    Attributes:
        seen: The positions, in the order of their arrival.
        subscribed: Set by the first answer to ``subscribe``.
        gone: Set when the connection is over.
        code: The close code; 0 without one.
        reached: Set once it was told of the position ``goal`` or a later one.
    """

    def __init__(self, on_fact: Callable[[bytes], None] | None = None, goal: int = 2**62) -> None:
        """Listen (``on_fact``: called with each fact's frame as it arrives)."""
        self.seen = array("q")
        self.goal = goal
        self.reached = asyncio.Event()
        self.subscribed = asyncio.Event()
        self.gone = asyncio.Event()
        self.code = 0
        self.wire: WSTransport | None = None
        self._on_fact = on_fact

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the connection."""
        self.wire = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame."""
        if frame.msg_type == WSMsgType.CLOSE:
            self.code = int.from_bytes(frame.get_payload_as_bytes()[:2], "big")
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        payload = frame.get_payload_as_bytes()
        position = position_of(payload)
        if position is not None:
            self.seen.append(position)
            if position >= self.goal:
                self.reached.set()
            if self._on_fact is not None:
                self._on_fact(payload)
        elif payload.startswith(b'{"type":"subscribed"'):
            self.subscribed.set()
        elif payload.startswith(b'{"type":"error"'):
            raise AssertionError(payload)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note the end."""
        self.gone.set()
        self.subscribed.set()

    def say(self, **message: Any) -> None:
        """Send a message.

        Raises:
            ConnectionResetError: The server was gone before the connection was told of.
        """
        if self.wire is None:
            raise ConnectionResetError
        self.wire.send(WSMsgType.TEXT, json.dumps(message).encode())

    def cut(self) -> None:
        """Break the connection off without a word."""
        assert self.wire is not None
        self.wire.underlying_transport.abort()


async def open_socket(port: int, path: str, listener: WSListener) -> None:
    """Open a WebSocket.

    Raises:
        OSError: Nobody is there.
    """
    await ws_connect(
        lambda: listener,
        f"ws://127.0.0.1:{port}{path}",
        websocket_handshake_timeout=PATIENCE,
        logger_name="loader",
        read_buffer_init_size=4096,
    )


async def open_many(count: int, opened: Callable[[int], Awaitable[None]]) -> None:
    """Open connections, some at a time (``opened``: opens the one with a number)."""
    numbers = iter(range(count))

    async def one_after_the_other() -> None:
        for number in numbers:
            await opened(number)

    await asyncio.gather(*(one_after_the_other() for _ in range(min(OPENINGS, count))))


async def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Look often until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.002)


async def paced(rate: float, seconds: float, act: Callable[[], Awaitable[None]]) -> float:
    """Do something at a steady rate, whether or not what went before is done.

    Returns:
        By how much the last one began too late, seconds: a loader that cannot keep up must say so.
    """
    loop = asyncio.get_running_loop()
    began, late = loop.time(), 0.0
    under_way: set[asyncio.Future[None]] = set()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        late = max(0.0, loop.time() - due)
        under_way = {task for task in under_way if not task.done() or task.result()}
        under_way.add(asyncio.ensure_future(act()))
    await asyncio.gather(*under_way)
    return late
