"""What a handler gets: the typed body, who asks, and the system to ask."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_origin
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import State
from litestar.types import Empty

from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.errors import (
    BodyTooLarge,
    ClientGone,
    FieldError,
    InvalidEncoding,
    InvalidIdempotencyKey,
    InvalidParameter,
    NulCharacter,
    UnknownParameter,
    UnsupportedMediaType,
)
from aia_mas.interfaces.http.words import words_of

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System
    from aia_mas.interfaces.http.security import Credential

T = TypeVar("T")

EXCHANGE = "mas_exchange"
"""Where the edge leaves the ``Exchange`` in the ASGI scope."""

_JSON = re.compile(
    rb"application/(?:json|[a-z0-9.!#$&^_-]+\+json)\s*(?:;\s*charset=\"?utf-8\"?\s*)?;?\s*",
    re.IGNORECASE,
)
_LONGEST_TYPE = 256
KEY_PATTERN = r"[\x20-\x7e]{1,255}"
"""What an idempotency key is: printable ASCII."""

_KEY = re.compile(KEY_PATTERN.encode())
# What is drained of a body that is too large, so that its sender comes to read the answer.
_DRAIN = 16 * 2**20


class Exchange:
    """One request as the edge sees it, and what becomes of it.

    Attributes:
        system: Whom it is for.
        headers: Its headers by lower-case name; of one given twice the last (see ``headers``).
        request_id: What our log knows it by.
        credential: Who sent it, and for how long that holds, once that is known.
        principal: Who sent it, once that is known.
        status: The status of the answer, once one was begun; else 0.
        problem: The code of the problem that it was answered with, if it was.
        parameters: What its operation takes in the query, once there is a query.
        bodiless: Only the head of the answer is wanted (HEAD).
    """

    __slots__ = (
        "bodiless", "credential", "headers", "parameters", "principal", "problem", "request_id",
        "status", "system",
    )  # fmt: skip

    def __init__(self, system: System, headers: dict[bytes, bytes], request_id: str) -> None:
        """Begin without a principal and without an answer."""
        self.system = system
        self.headers = headers
        self.request_id = request_id
        self.credential: Credential | None = None
        self.principal: Principal | None = None
        self.status = 0
        self.problem = ""
        self.bodiless = False
        self.parameters: Mapping[str, KnownParameter] = {}


class ApiRequest(Request[Principal, None, State]):
    """A request of this API.

    Litestar takes a handler's ``data`` from ``json()``; here that decodes the bytes right into the
    type the handler declares, so that numbers stay exact and every mistake has its own code.
    """

    __slots__ = ()

    @property
    def exchange(self) -> Exchange:
        """The request as the edge sees it."""
        exchange: Exchange = self.scope[EXCHANGE]  # type: ignore[literal-required]
        return exchange

    @property
    def system(self) -> System:
        """The system."""
        return self.exchange.system

    @property
    def principal(self) -> Principal:
        """Who asks."""
        principal = self.exchange.principal
        assert principal is not None, "only public operations are carried out for nobody"
        return principal

    @property
    def credential(self) -> Credential:
        """By which token, or ticket, it asks."""
        credential = self.exchange.credential
        assert credential is not None, "only public operations are carried out for nobody"
        return credential

    @property
    def request_id(self) -> str:
        """What our log knows the request by; it correlates the events it causes."""
        return self.exchange.request_id

    def header(self, name: bytes) -> bytes | None:
        """Return a header by its lower-case name."""
        return self.exchange.headers.get(name)

    def acting_for(self, agent_id: str) -> str:
        """Return an agent's id, when the caller may act in its name.

        Raises:
            PermissionDenied: It may not.
        """
        if not self.principal.may_act_for(agent_id):
            raise PermissionDenied("This token does not act for this agent")
        return agent_id

    @property
    def command_id(self) -> str | None:
        """The identity of the command, when the client gave an ``Idempotency-Key``.

        Raises:
            InvalidIdempotencyKey: It gave something else.
        """
        key = self.exchange.headers.get(b"idempotency-key")
        check_key(key)
        if key is None:
            return None
        # Colons of the subject are escaped: no other pair of subject and key makes the same id.
        subject = self.principal.subject.replace("%", "%25").replace(":", "%3A")
        return f"http:{subject}:{key.decode()}"

    async def body_hash(self) -> bytes:
        """Return what tells this request from another one under the same key."""
        digest = hashlib.sha256(f"{self.method} {self.scope['path']}\n".encode())
        digest.update(self.scope.get("query_string") or b"")
        digest.update(b"\n")
        digest.update(await self.body())
        return digest.digest()

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            BodyTooLarge: It exceeds the limit, whether or not it said so before.
            ClientGone: The connection ended before the body did.
        """
        if self._body is Empty:
            self._body = await self._read()
        return self._body

    async def json(self) -> Any:
        """Return the body as the type that the handler declares for ``data``.

        Raises:
            RequestRefused: It is none.
        """
        field = self.route_handler.parsed_data_field
        assert field is not None
        body = await self.body()
        headers = self.exchange.headers
        content_type = headers.get(b"content-type", b"")
        if content_type != b"application/json" and not (
            # Bounded: looking through a long run of spaces takes the square of its length.
            len(content_type) <= _LONGEST_TYPE and _JSON.fullmatch(content_type)
        ):
            raise UnsupportedMediaType
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise UnsupportedMediaType("Compressed bodies are not taken (Content-Encoding)")
        wanted = field.annotation
        # ``X | None``: a body may be left out, but when there is one it is an X.
        if field.is_optional:
            wanted = next(arg for arg in field.args if arg is not type(None))
        return decode(body, wanted)

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for something, but not beyond the end of the connection.

        Raises:
            ClientGone: The client went away first; the work was cancelled.
        """
        await self.body()
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(self.receive())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise ClientGone
        finally:
            working.cancel()
            leaving.cancel()

    async def _read(self) -> bytes:
        limit = self.system.settings.max_body_bytes
        announced = self.exchange.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit + _DRAIN:
            raise _too_large(limit)
        message = await self.receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body = message["body"]
            if len(body) > limit:
                raise _too_large(limit)
            return body
        chunks: list[bytes] = []
        size = 0
        while True:
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk: bytes = message.get("body", b"")  # type: ignore[assignment]
            size += len(chunk)
            if size <= limit:
                chunks.append(chunk)
            elif size > limit + _DRAIN:
                raise _too_large(limit)
            if not message.get("more_body"):
                break
            message = await self.receive()
        if size > limit:
            raise _too_large(limit)
        return b"".join(chunks)


def _too_large(limit: int) -> BodyTooLarge:
    # Whatever still arrives of it is not read: the connection ends with the answer.
    return BodyTooLarge(f"A body has at most {limit} bytes", headers=[(b"connection", b"close")])


class KnownParameter(NamedTuple):
    """What an operation takes under one name of the query.

    Attributes:
        any_text: Whether it takes any text.
        several: Whether it may be given several times.
        words: Those that it takes; none: it takes something else.
    """

    any_text: bool
    several: bool
    words: tuple[str, ...]


def check_key(key: bytes | None) -> None:
    """Check the form of an ``Idempotency-Key``, if there is one.

    Raises:
        InvalidIdempotencyKey: It has another one.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidIdempotencyKey


def check_query(query: bytes, known: Mapping[str, KnownParameter]) -> None:
    """Refuse parameters that an operation does not know, and values that would be misread.

    Args:
        query: As it was sent.
        known: The parameters of the operation.

    Raises:
        InvalidEncoding: Some of it is not valid UTF-8.
        UnknownParameter: A name is not known.
        NulCharacter: A value holds NUL.
        InvalidParameter: A value is ``null``, which Litestar would take for no value, or there are
            two where only one can count.
    """
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise InvalidEncoding("The query is not percent-encoded UTF-8") from None
    unknown = [name[:64] for name, _ in pairs if name not in known]
    if unknown:
        names = ", ".join(sorted(known)) or "none"
        raise UnknownParameter(
            f"{unknown[0]!r} is not known here; known are: {names}",
            errors=[
                FieldError(code="unknown_parameter", message="is not known here", field=name)
                for name in unknown[:20]
            ],
        )
    values: dict[str, str] = {}
    for name, value in pairs:
        if not known[name].several and values.setdefault(name, value) != value:
            wrong = FieldError(code="invalid_parameter", message="is given twice", field=name)
            raise InvalidParameter(f"{name} is given twice, and differently", errors=[wrong])
        if "\0" in value:
            wrong = FieldError(code="nul_character", message="must not hold NUL", field=name)
            raise NulCharacter(errors=[wrong])
        if not known[name].any_text and value.lower() == "null":
            wrong = FieldError(code="invalid_parameter", message="must not be null", field=name)
            raise InvalidParameter(errors=[wrong])


def known_parameters(request: ApiRequest) -> dict[str, KnownParameter]:
    """Return the query parameters of a request's handler.

    One that is a keyword of Python's (``from``) is declared with an underscore behind it.
    """
    others = {"self", "request", "data", *request.path_params}
    return {
        name.rstrip("_"): KnownParameter(
            any_text=parameter.annotation is str or str in parameter.args,
            several=parameter.is_non_string_sequence
            or any(get_origin(option) in {list, tuple} for option in parameter.args),
            words=words_of(parameter.annotation),
        )
        for name, parameter in request.route_handler.parsed_fn_signature.parameters.items()
        if name not in others
    }
