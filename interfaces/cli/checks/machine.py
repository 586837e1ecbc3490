"""Checks of the machine: Python, compiled packages, user namespaces, the port."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys

import psycopg

from aia_mas.application.embedded_postgres import BinariesMissing
from aia_mas.application.embedded_postgres.binaries import find_binaries
from aia_mas.application.settings import Settings, SettingsError, check_exposure
from aia_mas.interfaces.cli.checks.finding import Finding, doubtful, failed, passed
from aia_mas.interfaces.listening import PortUnavailable, listen_all

_OLDEST = (3, 11)
_COMPILED = ("msgspec._core", "numpy", "httptools", "uvloop", "uuid_utils")


def python(_: Settings) -> Finding:
    """Look at the interpreter."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    if sys.version_info < _OLDEST or platform.python_implementation() != "CPython":
        return failed("python", version, "CPython 3.11 or newer is needed")
    return passed("python", version)


def binaries(settings: Settings) -> Finding:
    """Load the compiled parts of the packages that have some, and find PostgreSQL's programs."""
    name = "binaries"
    missing = []
    for module in _COMPILED:
        try:
            importlib.import_module(module)
        except ImportError as error:
            missing.append(f"{module} ({error})")
    if missing:
        hint = "install the wheels for this platform: make base, or pip install --force-reinstall"
        return failed(name, f"cannot be loaded: {', '.join(missing)}", hint)
    driver = f"psycopg ({psycopg.pq.__impl__})"
    if settings.database_url is None:
        try:
            found = find_binaries()
        except BinariesMissing as error:
            return failed(name, str(error))
        driver += f", PostgreSQL {found.major}"
    if psycopg.pq.__impl__ == "python":
        return doubtful(
            name, driver, 'slow without its compiled part: pip install "psycopg[binary]"'
        )
    return passed(name, driver)


def user_namespaces(settings: Settings) -> Finding:
    """Try what the embedded PostgreSQL does as root, which it refuses to run as."""
    name = "user namespaces"
    if settings.database_url is not None or os.geteuid() != 0:
        return passed(name, "not needed")
    command = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--", "true"]
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=30)
        reason = " ".join(result.stderr.decode(errors="replace").split())
        if result.returncode == 0:
            return passed(name, "available")
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(error)
    return doubtful(
        name,
        f"not available ({reason}); PostgreSQL will run as another user",
        "if it cannot: run as an ordinary user, or set MAS_DATABASE_URL",
    )


def network(settings: Settings) -> Finding:
    """Try to listen where the server will."""
    name = "port"
    try:
        check_exposure(settings)
        for listener in listen_all(settings).all:
            listener.close()
    except SettingsError as error:
        return failed(name, str(error))
    except PortUnavailable as error:
        return failed(name, str(error))
    return passed(name, f"{settings.host}:{settings.port} is free")
