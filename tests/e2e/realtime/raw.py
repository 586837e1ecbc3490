"""A WebSocket client that sends whatever it is told to, byte by byte."""

import base64
import json
import os
import socket
import struct
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATIENCE = 30.0
FRONTEND = "/mas/api/v1/agents/ws/frontend/abuser"
AGENT = "/mas/api/v1/agents/ws/agent/abused"
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Frame(NamedTuple):
    """A frame of the server."""

    opcode: int
    data: bytes

    @property
    def code(self) -> int:
        """The code of a close frame."""
        assert self.opcode == CLOSE, self
        return int.from_bytes(self.data[:2], "big")


def frame(
    opcode: int,
    data: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    length: int | None = None,
) -> bytes:
    """Return the bytes of a frame (``length``: what it says of its length, if that is not so)."""
    size, bit = len(data) if length is None else length, 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    # A mask of zeros is one, and leaves the data as they are.
    return head + (bytes(4) if masked else b"") + data


def handshake(path: str, host: str) -> bytes:
    """Return the request that opens a socket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


class Wire:
    """A connection to a server, with or without an open WebSocket on it."""

    def __init__(self, url: str) -> None:
        """Connect, and say nothing yet."""
        address = urlsplit(url)
        assert address.hostname is not None
        self.host = address.netloc
        self.socket = socket.create_connection((address.hostname, address.port or 80), PATIENCE)
        self._kept = b""

    def open(self, path: str) -> None:
        """Open a WebSocket."""
        self.send(handshake(path, self.host))
        head = self.head()
        assert head.startswith(b"HTTP/1.1 101 "), head

    def head(self) -> bytes:
        """Return the head of an answer."""
        while b"\r\n\r\n" not in self._kept:
            self._read()
        head, _, self._kept = self._kept.partition(b"\r\n\r\n")
        return head

    def send(self, data: bytes) -> None:
        """Send bytes; a server that has closed already takes none."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def say(self, message: Any) -> None:
        """Send a message as one frame."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.send(frame(TEXT, text.encode()))

    def next(self, *opcodes: int) -> Frame:
        """Return the next frame of these kinds; a close frame is returned whatever is wanted."""
        while True:
            got = self._frame()
            if got.opcode in opcodes or got.opcode == CLOSE:
                return got

    def told(self, *types: str) -> dict[str, Any]:
        """Return the next message of these types."""
        while True:
            got = self.next(TEXT)
            assert got.opcode == TEXT, got
            message: dict[str, Any] = json.loads(got.data)
            if message["type"] in types:
                return message

    def closed(self) -> int:
        """Return the code with which the server closes, and wait for the end of the connection."""
        code = self.next(CLOSE).code
        self.send(frame(CLOSE, code.to_bytes(2, "big")))
        self.ended()
        return code

    def ended(self) -> None:
        """Wait for the end of the connection."""
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionResetError:
            pass

    def __enter__(self) -> "Wire":
        """Use it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Break it off."""
        self.socket.close()

    def _frame(self) -> Frame:
        first, size = self._take(2)
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return Frame(first & 0x0F, self._take(size))

    def _take(self, count: int) -> bytes:
        while len(self._kept) < count:
            self._read()
        taken, self._kept = self._kept[:count], self._kept[count:]
        return taken

    def _read(self) -> None:
        data = self.socket.recv(65_536)
        assert data, "the server closed without a word"
        self._kept += data
