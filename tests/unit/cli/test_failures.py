"""What goes wrong is told in one line and with a code of its own."""

import errno

import psycopg
import pytest

from aia.client import ApiError, ConnectionFailed, FieldError, UnexpectedAnswer
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
        (UnicodeEncodeError("utf-8", "bad\udcff", 3, 4, "surrogates not allowed"), Exit.SETTING),
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

    assert explain(group)[:2] == ("port 1 is taken", Exit.PORT)


def test_program_error_is_told_with_its_kind() -> None:
    assert explain(LookupError("gone")).message == "LookupError: gone"


def test_refusals_of_a_server_tell_code_detail_and_each_mistake() -> None:
    errors = (FieldError("missing_field", "a: is needed"), FieldError("invalid_type", "b: no"))
    refusal = ApiError(422, "missing_field", detail="a: is needed", errors=errors)

    told = explain(refusal)

    assert told.code == Exit.REFUSED
    assert told.message == "the server refused it: missing_field: a: is needed"
    assert told.details == ("missing_field: a: is needed", "invalid_type: b: no")
    assert explain(ApiError(404, "x", detail="y", errors=errors[:1])).details == ()


def test_server_that_is_not_there_has_a_code_of_its_own() -> None:
    away = explain(ConnectionFailed("GET http://x: ConnectError"))

    assert away[:2] == (
        "the server cannot be reached: GET http://x: ConnectError",
        Exit.UNREACHABLE,
    )
    assert explain(UnexpectedAnswer("no page")).code == Exit.UNREACHABLE
