"""A way to a server on which answers get lost: the request arrives, the answer does not."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 30.0


class CuttingWay:
    """Forwards connections; the next requests that match lose their answers.

    Attributes:
        url: The address to use instead of the server's.
        target: Where it leads; None: nowhere.
        cut: How many connections were cut so far.
        accepted: How many connections there were.
        requests: The heads of all requests that were forwarded.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self.target: tuple[str, int] | None = (parts.hostname or "", parts.port or 80)
        self._word = b""
        self._left = 0
        self.cut = 0
        self.accepted = 0
        self.requests: list[bytes] = []
        self._open: set[asyncio.StreamWriter] = set()

    def lose(self, word: str, times: int = 1) -> None:
        """Cut the next connections over which a request with a word in it was answered."""
        self._word, self._left = word.encode(), times

    def lead_to(self, target: str | None) -> None:
        """Lead somewhere else from now on."""
        parts = urlsplit(target or "")
        self.target = (parts.hostname or "", parts.port or 80) if target else None

    def cut_all(self) -> None:
        """Cut all connections there are now."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (self._cut_all(), done.set()))
        assert done.wait(PATIENCE)

    def _cut_all(self) -> None:
        for writer in tuple(self._open):
            self.cut += 1
            writer.transport.abort()

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        """Forward until it is told to stop."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()
        # Whoever is just being connected, too: nothing is to be left to the end of the loop.
        while self._open:
            self._cut_all()
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self.accepted += 1
        try:
            if self.target is None:
                raise ConnectionRefusedError
            back, forth = await asyncio.open_connection(*self.target)
        except OSError:
            self._open.discard(writer)
            writer.transport.abort()
            return
        doomed = asyncio.Event()
        ways = [
            asyncio.create_task(self._there(reader, forth, doomed)),
            asyncio.create_task(self._back(back, writer, doomed)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            forth.transport.abort()
            writer.transport.abort()
            self._open.discard(writer)

    async def _there(
        self, reader: asyncio.StreamReader, forth: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            self.requests.append(data.partition(b"\r\n\r\n")[0])
            if self._left and self._word in data:
                self._left -= 1
                doomed.set()
            forth.write(data)

    async def _back(
        self, back: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await back.read(65_536):
            if doomed.is_set():  # it was carried out, and nobody learns of it
                self.cut += 1
                return
            writer.write(data)


@contextmanager
def cutting(target: str) -> Iterator[CuttingWay]:
    """A way to a server, served from a thread."""
    way, ready = CuttingWay(target), threading.Event()
    stops: list[Any] = []

    async def main() -> None:
        stop = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stop))
        await way.serve(ready, stop)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield way
    finally:
        loop, stop = stops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
