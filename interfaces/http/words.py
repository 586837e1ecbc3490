"""Fields and parameters that take one of a few words, and what is said of any other word."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

UNKNOWN_WORD = "Invalid enum value"
"""How msgspec begins what it says of a word that it does not know."""


def words_of(wanted: Any) -> tuple[str, ...]:
    """Return the words that a type knows: of an enumeration, ``Literal``, or a list or union."""
    if get_origin(wanted) is Literal:
        return tuple(word for word in get_args(wanted) if isinstance(word, str))
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return tuple(str(word.value) for word in wanted)
    return tuple(word for option in get_args(wanted) for word in words_of(option))


def unknown_word(message: str, words: Sequence[str]) -> str:
    """Return what msgspec says of an unknown word, with those that are known."""
    told = message.replace("enum value", "value")
    return f"{told}; known are: {', '.join(words)}" if words else told
