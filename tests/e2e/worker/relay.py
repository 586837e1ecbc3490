"""A wire between a worker and a node that can be cut, kept cut, and made deaf."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 60.0


class Relay:
    """Passes bytes on in both directions, in a thread of its own.

    Attributes:
        deaf: What the node says is swallowed.
        deaf_after: Words of the node behind which it is.
        open: New connections are passed on; else they are closed at once.
        opened: How many connections there were.
    """

    def __init__(self, target: str) -> None:
        self.deaf = False
        self.deaf_after = b""
        self.open = True
        self.opened = 0
        self.url = ""
        self._target = target
        self._wires: set[asyncio.StreamWriter] = set()
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="relay")
        self._thread.start()
        assert self._up.wait(PATIENCE)

    def lead_to(self, url: str) -> None:
        """Pass new connections on to another node."""
        self._target = url

    def cut(self) -> None:
        """Cut all connections, without a farewell."""
        self._call(self._cut)

    def close(self) -> None:
        """End it."""
        self.open = False
        self._call(self._cut)
        self._call(self._stop.set)
        self._thread.join(PATIENCE)

    def _call(self, work: Any) -> None:
        finished = threading.Event()

        def carried_out() -> None:
            work()
            finished.set()

        self._loop.call_soon_threadsafe(carried_out)
        assert finished.wait(PATIENCE)

    def _cut(self) -> None:
        for wire in tuple(self._wires):
            wire.transport.abort()

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._up.set()
        async with server:
            await self._stop.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self._wires.add(writer)
        further: asyncio.StreamWriter | None = None
        try:
            if self.open:
                there = urlsplit(self._target)
                back, further = await asyncio.open_connection(there.hostname, there.port)
                self._wires.add(further)
                await asyncio.gather(self._pass(reader, further), self._pass(back, writer, True))
        except OSError:
            pass
        finally:
            for wire in (writer, further):
                if wire is not None:
                    self._wires.discard(wire)
                    wire.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not (answers and self.deaf):
                    writer.write(data)
                    if answers and self.deaf_after and self.deaf_after in data:
                        self.deaf = True
                    await writer.drain()
        writer.close()


@contextmanager
def relay_to(url: str) -> Iterator[Relay]:
    """A wire to a node."""
    relay = Relay(url)
    try:
        yield relay
    finally:
        relay.close()
