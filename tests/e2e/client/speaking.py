"""One way to tell a story through either client."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal

from aia.client import AsyncClient, Client


class Speaker:
    """Says things through a client and returns what it is answered."""

    def __init__(self, client: Any, run: Callable[[Callable[[], Any]], Any]) -> None:
        self.client = client
        self._run = run

    def __call__(self, work: Callable[[Any], Any]) -> Any:
        """Return what a method answers."""

        async def answer() -> Any:
            result = work(self.client)
            return await result if inspect.isawaitable(result) else result

        return self._run(answer)

    def taken(self, stream: Any, count: int) -> list[Any]:
        """Return the next updates of a stream."""

        async def items() -> list[Any]:
            if hasattr(stream, "__anext__"):
                return [await anext(stream) for _ in range(count)]
            return [next(stream) for _ in range(count)]

        return self._run(items)  # type: ignore[no-any-return]

    def begun(self, work: Callable[[Any], Any]) -> Any:
        """Return a stream that tells all that happens from now on."""
        stream = work(self.client)

        async def begin() -> None:
            begun = stream.begin()
            if inspect.isawaitable(begun):
                await begun

        self._run(begin)
        return stream

    def listed(self, work: Callable[[Any], Any]) -> list[Any]:
        """Return all that a method iterates over."""

        async def items() -> list[Any]:
            found = work(self.client)
            return [each async for each in found] if hasattr(found, "__aiter__") else list(found)

        return self._run(items)  # type: ignore[no-any-return]


@contextmanager
def speaking(kind: str, url: str, **options: Any) -> Iterator[Speaker]:
    """A client (``sync`` or ``async``) of a server."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        if kind == "async":
            client: Any = portal.call(lambda: AsyncClient(url, **options))
            stack.callback(portal.call, client.aclose)
        else:
            client = stack.enter_context(Client(url, **options))
        yield Speaker(client, portal.call)
