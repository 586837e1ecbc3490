"""Checks of where the data lies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from aia_mas.application.embedded_postgres import EmbeddedPostgresError
from aia_mas.application.embedded_postgres.binaries import find_binaries
from aia_mas.application.embedded_postgres.cluster import check_version
from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.checks.finding import Finding, doubtful, failed, passed

_TOO_LITTLE = 256 * 2**20
_LITTLE = 2 * 2**30


def data_directory(settings: Settings) -> Finding:
    """See whether the data directory can be made or used; nothing is written."""
    name, folder = "data directory", settings.data_dir
    if settings.database_url is not None:
        return passed(name, "not needed")
    try:
        existing = _existing(folder)
        if not existing.is_dir():
            return failed(name, f"{existing} is a file", "choose another one with --data-dir")
        if not os.access(existing, os.W_OK | os.X_OK):
            hint = "choose another one with --data-dir, or give yourself the permission"
            return failed(name, f"cannot write to {existing}", hint)
        used = check_version(DataDirectory(Path(os.path.realpath(folder))), find_binaries())
    except (OSError, EmbeddedPostgresError) as error:
        return failed(name, str(error))
    return passed(name, f"{folder} ({'holds a database' if used else 'will be made'})")


def disk_space(settings: Settings) -> Finding:
    """See how much room is left."""
    name = "disk space"
    if settings.database_url is not None:
        return passed(name, "not needed")
    free = shutil.disk_usage(_existing(settings.data_dir)).free
    seen = f"{free / 2**30:.1f} GiB free"
    hint = "free some space, or choose another disk with --data-dir"
    if free < _TOO_LITTLE:
        return failed(name, seen, hint)
    return doubtful(name, seen, hint) if free < _LITTLE else passed(name, seen)


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
