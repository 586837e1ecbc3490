"""Why the settings stop a start."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SettingsError(Exception):
    """A setting is unknown or has a value that cannot be used."""

    def __init__(self, key: str, reason: str) -> None:
        """Name the setting as its source names it.

        Args:
            key: The environment variable, the key of the file, or the argument.
            reason: What is wrong with it; never holds the value of a secret.
        """
        self.key = key
        self.reason = reason
        super().__init__(f"{key}: {reason}")


def unknown(key: str, known: Iterable[str]) -> SettingsError:
    """Return the error for a name that nothing here is called by, with the nearest one that is."""
    near = get_close_matches(key, list(known), n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return SettingsError(key, f"unknown setting{hint}")
