"""What a setting may look like: one reader per kind, from a text or a file's value to ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from ipaddress import ip_address
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from aia_mas.domain.kernel.addresses import InvalidAddress, WrongChecksum, check_address
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.money import to_units

Reader = Callable[[Any], Any]
"""Turns what a source holds into the setting's value, or raises ValueError with the reason."""

_SIZE = re.compile(r"(\d+)\s*([kmg]i?b?|b)?", re.IGNORECASE | re.ASCII)
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*")
_PLACEHOLDER = re.compile(r"your[_-]|<.*>$|changeme|todo", re.IGNORECASE)


def whole(low: int, high: int) -> Reader:
    """Read a whole number within bounds."""

    def read(raw: Any) -> int:
        try:
            number = int(raw, 10) if isinstance(raw, str) else raw
        except ValueError:
            number = None
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return read


def seconds(low: float, high: float) -> Reader:
    """Read a number of seconds within bounds."""

    def read(raw: Any) -> float:
        try:
            number = float("nan") if isinstance(raw, bool) else float(raw)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not isfinite(number) or not low <= number <= high:
            raise ValueError(f"must be a number of seconds from {low:g} to {high:g}")
        return number

    return read


def size(low: int, high: int) -> Reader:
    """Read a number of bytes, also written ``4MB`` or ``4MiB`` (both are powers of 1024)."""

    def read(raw: Any) -> int:
        number = -1
        if isinstance(raw, int) and not isinstance(raw, bool):
            number = raw
        elif isinstance(raw, str) and (found := _SIZE.fullmatch(raw.strip())):
            unit = (found[2] or "b")[0].lower()
            number = int(found[1]) * 1024 ** "bkmg".index(unit)
        if not low <= number <= high:
            raise ValueError(f"must be a size from {low} to {high} bytes, for example 4MB")
        return number

    return read


def choice(*allowed: str) -> Reader:
    """Read one of a few words; capitals do not matter."""

    def read(raw: Any) -> str:
        if not isinstance(raw, str) or raw.lower() not in allowed:
            raise ValueError(f"must be one of: {', '.join(allowed)}")
        return raw.lower()

    return read


def text(raw: Any) -> str:
    """Read a short text without control characters."""
    if not isinstance(raw, str) or not 0 < len(raw) <= 1024 or not raw.isprintable():
        raise ValueError("must be a text of 1 to 1024 printable characters")
    return raw


def host(raw: Any) -> str:
    """Read an address or a host name to listen on or to connect to."""
    name = text(raw)
    try:
        ip_address(name)
    except ValueError:
        if not _HOST_NAME.fullmatch(name) or name.replace(".", "").isdigit():
            raise ValueError("must be an IP address or a host name, without a port") from None
    return name


def folder(raw: Any) -> Path:
    """Read a folder; relative ones start at the working folder of now, not of later."""
    if not isinstance(raw, str | Path) or not str(raw) or "\0" in str(raw):
        raise ValueError("must be the path of a folder")
    try:
        return Path(raw).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def secret_key(raw: Any) -> str:
    """Read a key for HS256; RFC 7518 asks for as many bits as the hash has."""
    if not isinstance(raw, str) or len(raw.encode()) < 32:
        raise ValueError("must have at least 32 bytes; `openssl rand -hex 32` makes a good one")
    return raw


def database(raw: Any) -> str:
    """Read a PostgreSQL connection URL or key=value string (libpq's syntax)."""
    try:
        conninfo_to_dict(raw if isinstance(raw, str) and raw.strip() else "no conninfo")
    except psycopg.ProgrammingError:
        # libpq's own message repeats the text, password and all.
        raise ValueError("must be like postgresql://user:password@host:5432/name") from None
    return str(raw)


def redis(raw: Any) -> str:
    """Read a Redis URL: ``redis://``, ``rediss://`` (TLS) or ``unix://``."""
    try:
        url = urlsplit(raw if isinstance(raw, str) else "")
        good = url.scheme in {"redis", "rediss"} and url.hostname and url.port != 0
    except ValueError:
        good, url = False, urlsplit("")
    if not good and not (url.scheme == "unix" and url.path):
        raise ValueError("must be like redis://:password@host:6379/0, or rediss:// with TLS")
    return str(raw)


def url_prefix(raw: Any) -> str:
    """Read the path under which a proxy serves us, for example ``/backend``; "/" is none."""
    path = text(raw).rstrip("/")
    if not _PREFIX.fullmatch(path) or not {".", ".."}.isdisjoint(path.split("/")):
        raise ValueError("must be a path that starts with a slash, for example /backend")
    return path


def origins(raw: Any) -> tuple[str, ...]:
    """Read origins (scheme://host[:port], or ``*``), as a list or separated by commas."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be a list of origins")
    found = tuple(part.strip().rstrip("/") for part in parts if part.strip())
    for origin in found:
        try:
            url = urlsplit(origin)
            known = bool(url.hostname) and url.port != 0 and url.scheme in {"http", "https"}
        except ValueError:
            known, url = False, urlsplit("")
        if origin != "*" and not (known and not url.path and not url.query and "@" not in origin):
            raise ValueError("must hold origins like https://example.org, or *")
    return found


def amount(raw: Any) -> int:
    """Read a number of tokens, as a number or a string, into base units."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        raise ValueError("must be a number of tokens")  # noqa: TRY004 - readers raise ValueError
    try:
        # The shortest decimal that stands for the same float is what was written.
        return to_units(Decimal(repr(raw)) if isinstance(raw, float) else raw, "")
    except InvalidValue as error:
        raise ValueError(error.detail) from None


def address(raw: Any) -> str:
    """Read the address of an account outside of this system; see ``check_address``."""
    try:
        return check_address(text(raw), "")
    except WrongChecksum as error:
        raise ValueError(error.detail) from None
    except InvalidAddress:
        raise ValueError("must be an address: 0x and 40 hexadecimal digits, or base58") from None


def is_placeholder(raw: Any) -> bool:
    """Tell whether a value was copied from the guide and never replaced (``your_...``)."""
    return isinstance(raw, str) and _PLACEHOLDER.match(raw) is not None
