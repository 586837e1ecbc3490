"""Readable ids: what users may choose, and how streams are named."""

from __future__ import annotations

import re

from aia_mas.domain.kernel.errors import InvalidValue

_ID = re.compile(r"[A-Za-z0-9._:-]+", re.ASCII)
_LONGEST = 128
# The system names what it makes after what that belongs to, so these are longer.
_MADE = re.compile(r"[A-Za-z0-9._:~-]{1,300}", re.ASCII)

# Words that name a route under /agents or elsewhere; an agent called so could not be addressed.
RESERVED_WORDS = frozenset(
    """agents broadcast bulk claim connections create dead-letters drain events export governance
    head history inbox incentives leaderboard me messages metrics new policies proposals redrive
    register routes search sprints stats steps streams submit submit-batch summary system tasks
    templates tiers topics transactions transfers treasury verify webhooks workflows ws""".split()
)


class InvalidId(InvalidValue):
    """An id is made of A-Z a-z 0-9 . _ : - and is not empty, "." or ".."."""

    code = "invalid_id"


class IdTooLong(InvalidId):
    """An id has at most 128 characters."""

    code = "id_too_long"


class ReservedId(InvalidId):
    """The id is a word that names a route."""

    code = "reserved_id"


def check_id(value: str, field: str) -> str:
    """Return a user-chosen id unchanged, or refuse it.

    Raises:
        InvalidId: It is empty, has other characters, or is ``.`` or ``..``.
        IdTooLong: It has more than 128 characters.
        ReservedId: It is a route's name.
    """
    if len(value) > _LONGEST:
        raise IdTooLong(field=field)
    if not _ID.fullmatch(value) or value in {".", ".."}:
        raise InvalidId(field=field)
    if value.lower() in RESERVED_WORDS:
        raise ReservedId(f"{value!r} is a reserved word", field=field)
    return value


def check_made_id(value: str, field: str) -> str:
    """Return an id to look up by unchanged, made by a user or by the system, or refuse it.

    Raises:
        InvalidId: Neither makes ids like that.
    """
    if not _MADE.fullmatch(value):
        raise InvalidId(field=field)
    return value


def stream_of(category: str, entity_id: str) -> str:
    """Return the stream id of one aggregate, for example ``agent/data_analyst_001``."""
    return f"{category}/{entity_id}"


def entity_of(stream: str) -> str:
    """Return the entity id within a stream id (the part behind the first slash)."""
    return stream.partition("/")[2]
