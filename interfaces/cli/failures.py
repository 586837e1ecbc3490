"""What goes wrong, in one line for people and one exit code for programs."""

from __future__ import annotations

import errno
import sys

import psycopg

from aia_mas.application.embedded_postgres import DiskFull, EmbeddedPostgresError
from aia_mas.application.migrations import MigrationError
from aia_mas.application.settings import SettingsError
from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.failure import Failure
from aia_mas.interfaces.listening import PortUnavailable


class NoData(Exception):
    """There is no database where one was looked for."""


class Stopped(Exception):
    """A signal arrived before the work was done."""


class DatabaseSilent(Exception):
    """The database does not answer."""


def explain(error: BaseException) -> Failure:
    """Return what an error means; of a group of errors, the first one that says something."""
    error = _first(error)
    return _of_client(error) or Failure(_one_line(error), _code(error))


def _of_client(error: BaseException) -> Failure | None:
    """Return what an error of the client means; None: it is none."""
    if "aia.client" not in sys.modules:
        return None  # who has not loaded it meets none of its errors; nodes start without it
    from aia_mas.interfaces.cli.client_failures import explained

    return explained(error)


def _code(error: BaseException) -> Exit:
    if (of_client := _of_client(error)) is not None:
        return of_client.code
    codes: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Exit], ...] = (
        ((SettingsError, UnicodeEncodeError), Exit.SETTING),
        (PortUnavailable, Exit.PORT),
        ((DiskFull, psycopg.errors.DiskFull), Exit.DISK_FULL),
        ((EmbeddedPostgresError, NoData), Exit.DATA_DIRECTORY),
        ((MigrationError, psycopg.Error, DatabaseSilent), Exit.DATABASE),
        ((KeyboardInterrupt, Stopped), Exit.INTERRUPTED),
    )
    for kind, code in codes:
        if isinstance(error, kind):
            return code
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    return Exit.DISK_FULL if full else Exit.FAILED


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, psycopg.errors.UndefinedTable):
        return f"the database has no tables of ours, `mas migrate` makes them: {text}"
    if isinstance(error, psycopg.OperationalError):
        return f"the database cannot be reached: {text}"
    if isinstance(error, UnicodeEncodeError) and error.encoding == "utf-8":
        # Python keeps bytes of an argument or a variable that are no UTF-8 as lone surrogates.
        return f"{error.object!r} is no UTF-8 text"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    known = isinstance(
        error,
        SettingsError
        | PortUnavailable
        | NoData
        | Stopped
        | DatabaseSilent
        | EmbeddedPostgresError
        | MigrationError,
    )
    return text if known else f"{type(error).__name__}: {text}"


def _first(error: BaseException) -> BaseException:
    """Look into groups; an error that has a code of its own goes before one that has none."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_first(leaf) for leaf in error.exceptions]
    return next((leaf for leaf in leaves if _code(leaf) is not Exit.FAILED), leaves[0])
