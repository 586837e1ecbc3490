"""A POST to an endpoint: to an address that was checked, within a time, with a bounded answer."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

import anyio
import httpx
from anyio import CapacityLimiter, to_thread

from aia_mas import __version__
from aia_mas.application.webhooks.addresses import Address, Allowed, literal_address
from aia_mas.domain.orchestration.errors import EndpointNotAllowed

USER_AGENT = f"aia-mas/{__version__} (+webhooks)"
_ADDRESSES = 4
"""Addresses of one name that are tried, at most."""
_PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Returns the addresses of a name, for a port; ``OSError``: it has none."""


class Reply(NamedTuple):
    """What an endpoint answered.

    Attributes:
        status: The HTTP status.
        headers: By lower-case name.
        body: The bytes, as they came.
        seconds: How long it took.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def answered(self) -> bool:
        """Whether it is one that shows that somebody is there."""
        return 200 <= self.status < 300

    @property
    def outcome(self) -> str:
        """The class of the status: ``2xx``."""
        return f"{self.status // 100}xx"


class Unanswered(NamedTuple):
    """Why there is no answer.

    Attributes:
        outcome: ``not_allowed``, ``unresolved``, ``unreachable``, ``timed_out`` or
            ``answer_too_large``.
        seconds: How long it took to know.
    """

    outcome: str
    seconds: float


class Sender:
    """Posts to endpoints, many at once; no endpoint takes the places of all others.

    Every request has a connection of its own: a connection that was opened for one name must never
    serve another one that happens to have the same address.
    """

    def __init__(
        self,
        allowed: Allowed,
        *,
        seconds: float,
        largest_answer: int,
        at_once: int,
        at_once_per_host: int,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Set the bounds.

        Args:
            allowed: Which endpoints may be called.
            seconds: How long an exchange may take, from the name to the end of the answer.
            largest_answer: Bytes of an answer's body, at most.
            at_once: Requests under way, at most.
            at_once_per_host: Those of them to one host and port.
            resolve: Resolves names; None: as the system does.
            tls: How certificates are checked; None: as the system's authorities say.
        """
        self._allowed = allowed
        self._seconds = seconds
        self._largest = largest_answer
        self._all = CapacityLimiter(at_once)
        self._per_host = at_once_per_host
        self._hosts: dict[str, tuple[CapacityLimiter, list[None]]] = {}
        self._resolve = resolve or _Resolver(at_once)
        self._tls = tls
        self._client: httpx.AsyncClient | None = None
        self._preparing = anyio.Lock()

    async def post(
        self, url: str, body: bytes, headers: Callable[[], Mapping[str, str]]
    ) -> Reply | Unanswered:
        """Send JSON to an endpoint when its turn comes, and return what came back.

        Args:
            url: The endpoint.
            body: The JSON.
            headers: Asked for further headers when its turn has come; they tell the time.
        """
        host = httpx.URL(url).netloc.decode()
        limiter, users = self._hosts.setdefault(host, (CapacityLimiter(self._per_host), []))
        users.append(None)
        try:
            async with limiter, self._all:
                return await self._exchange(url, body, headers())
        finally:
            users.pop()
            if not users:
                self._hosts.pop(host, None)

    async def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.aclose()

    async def _exchange(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply | Unanswered:
        began = time.monotonic()

        def after(outcome: str) -> Unanswered:
            return Unanswered(outcome, time.monotonic() - began)

        try:
            with anyio.fail_after(self._seconds):
                status, told, answered = await self._try(httpx.URL(url), body, headers)
        except TimeoutError:
            return after("timed_out")
        except EndpointNotAllowed:
            return after("not_allowed")
        except _TooLarge:
            return after("answer_too_large")
        except (socket.gaierror, UnicodeError):
            return after("unresolved")
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return after("unreachable")
        return Reply(status, told, answered, time.monotonic() - began)

    async def _try(
        self, url: httpx.URL, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        addresses = await self._addresses(url)
        for address in addresses[:-1]:
            try:
                return await self._send(url, address, body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent
        return await self._send(url, addresses[-1], body, headers)

    async def _addresses(self, url: httpx.URL) -> Sequence[Address]:
        """Return where a URL leads that may be called.

        Raises:
            EndpointNotAllowed: Nowhere.
            OSError: Nowhere at all.
        """
        self._allowed.check_url(str(url))
        host = url.host.partition("%")[0]
        literal = literal_address(host)
        port = url.port or _PORTS[url.scheme]
        found = [literal] if literal is not None else await self._resolve(host, port)
        allowed = [each for each in found if self._allowed.allows(each, url.scheme)]
        if not allowed:
            raise EndpointNotAllowed
        return allowed[:_ADDRESSES]

    async def _send(
        self, url: httpx.URL, address: Address, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        client = await self._connected()
        request = client.build_request(
            "POST",
            # The connection goes to this very address; the name is for TLS and the header.
            url.copy_with(host=str(address)),
            content=body,
            headers={
                "host": url.netloc.decode(),
                "content-type": "application/json",
                "user-agent": USER_AGENT,
                "accept-encoding": "identity",
                **headers,
            },
            extensions={"sni_hostname": url.raw_host.decode()},
        )
        response = await client.send(request, stream=True)
        try:
            chunks, size = [], 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > self._largest:
                    raise _TooLarge
                chunks.append(chunk)
        finally:
            await response.aclose()
        told = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, told, b"".join(chunks)

    async def _connected(self) -> httpx.AsyncClient:
        async with self._preparing:
            if self._client is None:
                tls = self._tls
                if tls is None:
                    # In a thread: to read the authorities takes tens of milliseconds.
                    tls = await to_thread.run_sync(ssl.create_default_context)
                self._client = httpx.AsyncClient(
                    verify=tls,
                    timeout=self._seconds,
                    limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
                    follow_redirects=False,
                    trust_env=False,
                )
            return self._client


class _TooLarge(Exception):
    """The answer is larger than it may be."""


class _Resolver:
    """The system's resolver, in threads of its own: one slow name must not hold up other work."""

    def __init__(self, at_once: int) -> None:
        self._threads = CapacityLimiter(at_once)

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        found = await to_thread.run_sync(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
            abandon_on_cancel=True,
            limiter=self._threads,
        )
        texts = dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)
        return [ip_address(text) for text in texts]
