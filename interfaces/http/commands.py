"""From a request to a command and back: idempotency keys, preconditions, positions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from aia_mas.application.engine.engine import Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.kernel.precondition import UNCONDITIONAL, Precondition
from aia_mas.interfaces.http.answers import Answer, Header
from aia_mas.interfaces.http.errors import InvalidHeader
from aia_mas.interfaces.http.requests import ApiRequest

REPLAYED: Header = (b"idempotent-replayed", b"true")

_ETAGS = re.compile(rb'\s*(?:(?:W/)?"[\x21\x23-\x7e]*"\s*(?:,\s*|$))+')
# Entity tags are opaque: what only means the same number, like "rev-02", is another tag.
_OURS = re.compile(rb'(?<!W/)"rev-(0|[1-9]\d{0,17})"')
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


async def carry_out(request: ApiRequest, command: msgspec.Struct) -> CommandResult:
    """Give a command to the engine in the name of the caller.

    Raises:
        DomainError: It was refused.
        EventLogError: It could not be carried out now, or the key was used for another command.
    """
    origin = await origin_of(request)
    return await request.system.engine.run(command, origin)


async def origin_of(request: ApiRequest) -> Origin:
    """Return where a command of this request comes from."""
    command_id = request.command_id
    body_hash = b"" if command_id is None else await request.body_hash()
    return Origin(request.principal, command_id, body_hash, request.request_id)


def answered(
    result: CommandResult, status_code: int = 200, headers: Iterable[Header] = ()
) -> Answer[Any]:
    """Return the answer to a command that was carried out."""
    return Answer(result.body, status_code, [*position_headers(result), *headers])


def position_headers(result: CommandResult) -> list[Header]:
    """Return the headers that tell where a command stands in the log."""
    position = (b"x-event-position", b"%d" % result.position)
    return [position, REPLAYED] if result.replayed else [position]


def location(request: ApiRequest, path: str) -> Header:
    """Return the ``Location`` header of a new resource.

    Args:
        request: The request; behind a proxy that serves us under a prefix, this is the one of the
            settings or of ``X-Forwarded-Prefix``.
        path: The path as we serve it.
    """
    prefix = request.system.settings.root_path
    forwarded = (request.header(b"x-forwarded-prefix") or b"").decode("latin-1").rstrip("/")
    if not prefix and _PREFIX.fullmatch(forwarded):
        prefix = forwarded
    return (b"location", f"{prefix}{path}".encode())


class _Revised(msgspec.Struct):
    revision: int


_revised = msgspec.json.Decoder(_Revised).decode


def etag(revision: int) -> Header:
    """Return the ``ETag`` header of a revision of the client-editable fields."""
    return (b"etag", b'"rev-%d"' % revision)


def etag_of(result: CommandResult) -> Header:
    """Return the ``ETag`` header of the resource in the answer to a command."""
    return etag(_revised(result.body).revision)


def precondition(request: ApiRequest) -> Precondition:
    """Return what the request's conditional headers ask for.

    Raises:
        InvalidHeader: They are not entity tags, or ask for what no operation here offers.
    """
    match, none_match = request.header(b"if-match"), request.header(b"if-none-match")
    if match is None and none_match is None:
        return UNCONDITIONAL
    if none_match is not None:
        if none_match.strip() != b"*" or match is not None:
            raise InvalidHeader("If-None-Match takes * here, and no If-Match beside it")
        return Precondition(exists=False)
    assert match is not None
    if match.strip() == b"*":
        return Precondition(exists=True)
    if not _ETAGS.fullmatch(match):
        raise InvalidHeader('If-Match takes entity tags in quotes, like "rev-3", or *')
    # Tags that are none of ours leave an empty list. That is refused where the command is decided,
    # so that a repeated command gets its first answer before anything is compared.
    return Precondition(revisions=tuple(int(number) for number in _OURS.findall(match)))
