"""An error as a person should read it."""

from __future__ import annotations

from typing import NamedTuple

from aia_mas.interfaces.cli.exit_codes import Exit


class Failure(NamedTuple):
    """An error as a person should read it.

    Attributes:
        message: One line.
        code: How the program ends.
        details: Further lines: each field that a server found wrong.
    """

    message: str
    code: Exit
    details: tuple[str, ...] = ()
