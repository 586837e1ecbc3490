"""What goes wrong is told in one line and with a code of its own."""

import errno

import psycopg
import pytest

from aia_mas.application.embedded_postgres import (
    DataDirectoryNotWritable,
    DataDirectoryOfOtherVersion,
    DiskFull,
)
from aia_mas.application.migrations import MigrationError
from aia_mas.application.settings import SettingsError
from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.failures import NoData, Stopped, explain
from aia_mas.interfaces.listening import PortUnavailable


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("MAS_PORT", "bad"), Exit.SETTING),
        (PortUnavailable("taken"), Exit.PORT),
        (DataDirectoryOfOtherVersion("17"), Exit.DATA_DIRECTORY),
        (DataDirectoryNotWritable("/data"), Exit.DATA_DIRECTORY),
        (NoData("nothing there"), Exit.DATA_DIRECTORY),
        (DiskFull("/data"), Exit.DISK_FULL),
        (psycopg.errors.DiskFull("could not extend file"), Exit.DISK_FULL),
        (OSError(errno.ENOSPC, "No space left on device"), Exit.DISK_FULL),
        (psycopg.OperationalError("connection\n  refused"), Exit.DATABASE),
        (psycopg.errors.UndefinedTable("store"), Exit.DATABASE),
        (MigrationError("too old"), Exit.DATABASE),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (Stopped("early"), Exit.INTERRUPTED),
        (OSError(errno.EIO, "Input/output error", "/dev/x"), Exit.FAILED),
        (LookupError("gone"), Exit.FAILED),
    ],
)
def test_every_failure_has_one_line_and_a_code(error: BaseException, code: Exit) -> None:
    failure = explain(error)

    assert failure.code is code
    assert failure.message
    assert "\n" not in failure.message


def test_of_a_group_the_error_that_says_something_is_told() -> None:
    group = ExceptionGroup(
        "", [LookupError("a"), ExceptionGroup("", [PortUnavailable("port 1 is taken")])]
    )

    assert explain(group) == ("port 1 is taken", Exit.PORT)


def test_program_error_is_told_with_its_kind() -> None:
    assert explain(LookupError("gone")).message == "LookupError: gone"
