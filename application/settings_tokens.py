"""Tokens, and amounts by token, as settings: lists and tables, or texts that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from aia_mas.application.settings_errors import SettingsError
from aia_mas.application.settings_values import Reader, amount

OWN_TOKENS = ("AIA", "AIA_GOV")
"""What the system itself pays with, and votes with; there are always these."""
MOST = 32
"""Tokens of one system, at most."""

_WHOLE = 10**18
GENESIS_TREASURY: Final = MappingProxyType(dict.fromkeys(OWN_TOKENS, 90_000_000 * _WHOLE))
"""What the treasury begins with in development mode where nothing else is set, base units."""
GENESIS_REWARD_POOL: Final = MappingProxyType(dict.fromkeys(OWN_TOKENS, 10_000_000 * _WHOLE))
"""What rewards begin with, likewise."""
SUPPLY_CAP: Final = 1_000_000_000 * _WHOLE
"""The most of a token where nothing else is set, base units."""

_TOKEN = re.compile(r"[A-Z][A-Z0-9_]{0,15}", re.ASCII)


def tokens(raw: Any) -> tuple[str, ...]:
    """Read the names of tokens, as a list or separated by commas; our own need not be among them.

    They are words in capitals, at most 16 characters long.
    """
    named = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(named, list | tuple) or not all(isinstance(each, str) for each in named):
        raise ValueError("must be a list of tokens")
    found = tuple(dict.fromkeys((*OWN_TOKENS, *(each.strip() for each in named if each.strip()))))
    for token in found:
        _check(token)
    if len(found) > MOST:
        raise ValueError(f"must name at most {MOST} tokens, AIA and AIA_GOV included")
    return found


def amounts(defaults: Mapping[str, int]) -> Reader:
    """Return what reads an amount of each token, a table or ``AIA=1000,AIA_GOV=0``; base units out.

    Tokens that are not named keep their defaults.
    """
    return lambda raw: MappingProxyType({**defaults, **_amounts(raw)})


def check_supply(
    tokens: Sequence[str],
    cap: Callable[[str], int],
    tables: Mapping[str, Mapping[str, int]],
    genesis: Mapping[str, Mapping[str, int]],
) -> None:
    """Refuse amounts of tokens that there are not, and a beginning beyond the cap.

    Args:
        tokens: Those that there are.
        cap: The most of each, base units.
        tables: All amounts by token, by the variable that sets them.
        genesis: Those of them that there are from the beginning.

    Raises:
        SettingsError: It names the variable.
    """
    for variable, table in tables.items():
        for token in table:
            if token not in tokens:
                raise SettingsError(variable, f"{token} is not one of the tokens of MAS_TOKENS")
    for token in tokens:
        if sum(table.get(token, 0) for table in genesis.values()) > cap(token):
            raise SettingsError(
                "MAS_SUPPLY_CAP", f"{token}: is below what {' and '.join(genesis)} begin with"
            )


def _amounts(raw: Any) -> dict[str, int]:
    if isinstance(raw, str):
        raw = dict(_entry(entry) for entry in raw.split(","))
    if not isinstance(raw, Mapping):
        raise ValueError("must be a table of tokens")  # noqa: TRY004 - readers raise ValueError
    found: dict[str, int] = {}
    for token, tokens_of_it in raw.items():
        _check(token)
        try:
            found[token] = amount(tokens_of_it)
        except ValueError as error:
            raise ValueError(f"{token}: {error}") from None
    return found


def _check(token: Any) -> None:
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ValueError("has a token whose name is not a word of at most 16 capital letters")


def _entry(text: str) -> tuple[str, str]:
    token, equals, number = (part.strip() for part in text.partition("="))
    if not equals:
        raise ValueError("must be like AIA=1000000,AIA_GOV=500000")
    return token, number
