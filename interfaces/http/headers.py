"""Headers that may say one thing only: which of two that differ is meant, nobody can know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aia_mas.interfaces.http.errors import FieldError, RepeatedHeader

_SINGLE = frozenset(
    {
        b"authorization", b"content-encoding", b"content-type", b"host", b"idempotency-key",
        b"if-match", b"if-none-match", b"origin",
    }
)  # fmt: skip
"""What this server decides by; others (``Accept``, ``Forwarded``) may come in several lines."""


def check_repeats(raw: Sequence[tuple[bytes, bytes]], headers: Mapping[bytes, bytes]) -> None:
    """Refuse a header that is given twice and differently; the same one twice says nothing new.

    Args:
        raw: All of them, as they came.
        headers: The same by name; of one given several times the last.

    Raises:
        RepeatedHeader: One differs from another of its name.
    """
    if len(raw) == len(headers):
        return
    differing = {name for name, value in raw if name in _SINGLE and headers[name] != value}
    if differing:
        names = sorted(name.decode().title() for name in differing)
        raise RepeatedHeader(
            f"{names[0]} is given twice, and differently",
            errors=[
                FieldError(code=RepeatedHeader.code, message="differs from the other", field=name)
                for name in names
            ],
        )
