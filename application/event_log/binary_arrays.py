"""PostgreSQL arrays in binary form, encoded and decoded a column at a time.

psycopg's own list dumper asks every element for its type; for the arrays of a batch, whose types
are known, that was a quarter of the time spent in this process. The format is that of
``array_send``: dimensions, null flag, element type, length and lower bound, then each element with
its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct, pack, unpack_from

_HEADER = Struct(">iiIii")
_LENGTH = Struct(">i")
_NULL = _LENGTH.pack(-1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Where PostgreSQL begins to count microseconds."""


def _fixed(oid: int, code: str, size: int) -> Callable[[Sequence[int]], bytes]:
    one = Struct(">i" + code).pack

    def encode(values: Sequence[int]) -> bytes:
        if not values:
            return pack(">iiI", 0, 0, oid)
        header = _HEADER.pack(1, 0, oid, len(values), 1)
        return header + b"".join([one(size, value) for value in values])

    return encode


smallints = _fixed(21, "h", 2)
integers = _fixed(23, "i", 4)
bigints = _fixed(20, "q", 8)


def byteas(values: Sequence[bytes | None]) -> bytes:
    """Encode a ``bytea[]``; None is SQL's null."""
    return _varying(values, 17)


def texts(values: Sequence[str | None]) -> bytes:
    """Encode a ``text[]``; None is SQL's null."""
    return _varying([None if value is None else value.encode() for value in values], 25)


def _varying(values: Sequence[bytes | None], oid: int) -> bytes:
    if not values:
        return pack(">iiI", 0, 0, oid)
    length = _LENGTH.pack
    parts = [_HEADER.pack(1, 1, oid, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (length(len(value)), value)
    return b"".join(parts)


def read_numbers(data: bytes, code: str) -> list[int]:
    """Decode an array of numbers without nulls.

    Args:
        data: As it came.
        code: ``h`` for ``smallint``, ``i`` for ``integer``, ``q`` for ``bigint``.
    """
    if len(data) < _HEADER.size:
        return []
    (count,) = unpack_from(">i", data, 12)
    return list(unpack_from(">" + f"4x{code}" * count, data, _HEADER.size))


def read_nullable(data: bytes) -> Iterator[bytes | None]:
    """Yield the elements of an array of any type, as they came."""
    place = _HEADER.size
    while place < len(data):
        (length,) = unpack_from(">i", data, place)
        place += 4
        if length < 0:
            yield None
        else:
            yield data[place : place + length]
            place += length


def read_moment(data: bytes) -> datetime:
    """Decode a ``timestamptz``."""
    (microseconds,) = unpack_from(">q", data)
    return _EPOCH + timedelta(microseconds=microseconds)
