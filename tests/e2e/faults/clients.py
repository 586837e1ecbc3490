"""Clients that do not give up: every command has a key, and is sent until it is answered."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import anyio
import httpx
import msgspec

from .waiting import PATIENCE

Urls = Callable[[], Sequence[str]]
"""Tells where the API is now."""


class Answer(NamedTuple):
    """What a command was answered, and what was sent.

    Attributes:
        path: Where it was sent, below the API.
        sent: Its body.
        status: The status of the answer.
        body: The body of the answer.
        position: Where it stands in the log; 0 for a refusal.
        replayed: The server says that it had answered it before.
    """

    path: str
    sent: Any
    status: int
    body: bytes
    position: int
    replayed: bool

    @property
    def data(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The code of the problem; empty when it was accepted."""
        return self.data.get("code", "") if self.status >= 400 else ""


def answer_of(got: httpx.Response, path: str, sent: Any) -> Answer:
    """Return what is kept of a response."""
    position = int(got.headers.get("x-event-position", 0))
    replayed = "idempotent-replayed" in got.headers
    return Answer(path, sent, got.status_code, got.content, position, replayed)


def comes_again(got: httpx.Response) -> bool:
    """Tell whether the answer asks its client to come again with the same command."""
    if got.status_code == 409:
        return bool(got.json()["code"] == "conflict")
    return got.status_code in {429, 503}


class Client:
    """Sends commands and keeps every answer.

    Attributes:
        answers: By key, every command that was answered.
        repeated: How often a command had to be sent again.
        http: The connections.
    """

    def __init__(self, http: httpx.AsyncClient, urls: Urls) -> None:
        self.answers: dict[str, Answer] = {}
        self.repeated = 0
        self.http = http
        self._urls = urls
        self._turn = 0

    async def give(self, key: str, path: str, body: Any = None) -> Answer:
        """Give a command, and keep what it is answered."""
        answer = await self.repeat(key, path, body)
        self.keep(key, answer)
        return answer

    def keep(self, key: str, answer: Answer) -> None:
        """Keep an answer."""
        assert key not in self.answers, f"{key} was used twice"
        self.answers[key] = answer

    async def repeat(self, key: str, path: str, body: Any = None) -> Answer:
        """Give a command until it is answered one way or the other."""
        with anyio.fail_after(PATIENCE):
            while True:
                answer = await self._try(key, path, body)
                if answer is not None:
                    return answer
                self.repeated += 1
                await anyio.sleep(0.05)

    async def _try(self, key: str, path: str, body: Any) -> Answer | None:
        url = self._next_url()
        if url is None:
            return None
        try:
            got = await self.http.post(url + path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None  # nobody knows whether it was carried out
        assert got.status_code != 500, got.text
        return None if comes_again(got) else answer_of(got, path, body)

    async def order(self, method: str, path: str, body: Any = None) -> None:
        """Have something done that may be done twice."""
        with anyio.fail_after(PATIENCE):
            while True:
                got = await self._ask(method, path, body)
                if got is not None and not comes_again(got):
                    # What is deleted and was not told of it is not found.
                    gone = method == "DELETE" and got.status_code == 404
                    assert got.is_success or gone, got.text
                    return
                await anyio.sleep(0.05)

    async def claim(self, agent_id: str, *, limit: int, wait: float = 1.0) -> list[Any]:
        """Return what waits to be started by an agent; nothing while nobody answers."""
        body = {"limit": limit, "wait": wait}
        got = await self._ask("POST", f"/agents/{agent_id}/claim", body)
        if got is not None and got.status_code == 200:
            items: list[Any] = got.json()["items"]
            return items
        refused = got is not None and got.status_code == 409
        assert not refused or got.json()["code"] == "agent_suspended", got.text
        assert got is None or refused or got.status_code in {404, 503}, got.text
        await anyio.sleep(0.05)
        return []

    async def _ask(self, method: str, path: str, body: Any) -> httpx.Response | None:
        url = self._next_url()
        if url is None:
            return None
        try:
            return await self.http.request(method, url + path, json=body)
        except httpx.TransportError:
            return None

    def _next_url(self) -> str | None:
        """Return another node each time; None when there is none."""
        urls = self._urls()
        self._turn += 1
        return urls[self._turn % len(urls)] if urls else None


@asynccontextmanager
async def client_of(urls: Urls, *, patience: float = 15.0) -> AsyncIterator[Client]:
    """A client of nodes (``patience``: seconds that it waits for one answer)."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    async with httpx.AsyncClient(timeout=patience, limits=limits, trust_env=False) as http:
        yield Client(http, urls)
