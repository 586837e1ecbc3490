"""What holds for messages, as settings: attempts by priority, keys, topics that are encrypted."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aia_mas.application.settings_errors import SettingsError
from aia_mas.domain.communication.sending import MOST_ATTEMPTS
from aia_mas.domain.communication.terms import ATTEMPTS
from aia_mas.domain.communication.topics import check_pattern
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.task_specification import Priority

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY_BYTES = 32


class MessageKey(msgspec.Struct, frozen=True):
    """A key that payloads of messages are encrypted with.

    Attributes:
        key_id: What it is called in the log.
        secret: The key, 32 bytes.
    """

    key_id: str
    secret: bytes

    def __repr__(self) -> str:
        """Show which one it is, and nothing of it."""
        return f"MessageKey({self.key_id!r})"


def message_attempts(raw: Any) -> dict[Priority, int]:
    """Read numbers of attempts by priority, ``critical=20,low=2``; those not named stay."""
    if isinstance(raw, str):
        raw = dict(entry.strip().partition("=")[::2] for entry in raw.split(","))
    if not isinstance(raw, Mapping):
        raise ValueError("must be a table of numbers")  # noqa: TRY004 - readers raise ValueError
    attempts = dict(ATTEMPTS)
    for name, number in raw.items():
        if name not in set(Priority):
            raise ValueError(f"{name} is no priority")
        try:
            count = int(str(number).strip())
        except ValueError:
            raise ValueError(f"{name} must be a whole number") from None
        if isinstance(number, bool) or not 1 <= count <= MOST_ATTEMPTS:
            raise ValueError(f"{name} must be from 1 to {MOST_ATTEMPTS}")
        attempts[Priority(name)] = count
    return attempts


def message_keys(raw: Any) -> tuple[MessageKey, ...]:
    """Read keys, ``new:BASE64,old:BASE64``; what is wrong with one is told without it."""
    keys = []
    for number, entry in enumerate(_entries(raw, "must be keys like name:BASE64"), 1):
        key_id, _, written = entry.partition(":")
        if not _KEY_ID.fullmatch(key_id):
            raise ValueError(f"key {number} must have a name of A-Z a-z 0-9 . _ - and a colon")
        try:
            secret = b64decode(written, validate=True)
        except ValueError:
            secret = b""
        if len(secret) != _KEY_BYTES:
            raise ValueError(
                f"the key {key_id} must be 32 bytes in base64;"
                " `openssl rand -base64 32` makes a good one"
            )
        keys.append(MessageKey(key_id, secret))
    if len({key.key_id for key in keys}) < len(keys):
        raise ValueError("must have each name once")
    return tuple(keys)


def topic_patterns(raw: Any) -> tuple[str, ...]:
    """Read topics and patterns of topics, ``hr.>,payroll``."""
    patterns = _entries(raw, "must be topics like hr.> or payroll.*")
    for pattern in patterns:
        try:
            check_pattern(pattern, "it")
        except InvalidValue as error:
            raise ValueError(f"must be topics like hr.> or payroll.*: {error}") from None
    return patterns


def check_encryption(keys: Sequence[MessageKey], topics: Sequence[str]) -> None:
    """Refuse topics that are to be encrypted where there is no key.

    Raises:
        SettingsError: There is none.
    """
    if topics and not keys:
        raise SettingsError("MAS_MESSAGE_ENCRYPTED_TOPICS", "needs a key in MAS_MESSAGE_KEYS")


def _entries(raw: Any, wrong: str) -> tuple[str, ...]:
    """Return the entries of a list, or of a text that has commas between them."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError(wrong)
    return tuple(part.strip() for part in parts if part.strip())
