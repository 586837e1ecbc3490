"""What goes wrong is told in one line and with a code of its own."""

import errno
import socket

import psycopg
import pytest

from aia_mas.application.embedded_postgres import (
    DataDirectoryNotWritable,
    DataDirectoryOfOtherVersion,
    DiskFull,
)
from aia_mas.application.migrations import MigrationError
from aia_mas.application.settings import SettingsError
from aia_mas.interfaces.cli.failures import Exit, NoData, PortUnavailable, Stopped, explain
from aia_mas.interfaces.cli.listening import listen


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


def test_listens_and_takes_the_port_it_was_given() -> None:
    (listener,) = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    try:
        with pytest.raises(PortUnavailable, match=f"port {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)
    finally:
        listener.close()


def test_port_that_was_just_left_is_free_at_once() -> None:
    (first,) = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        first.setblocking(True)
        first.accept()[0].close()
    first.close()

    (again,) = listen("127.0.0.1", port)
    again.close()


def test_name_of_this_machine_is_listened_on_under_one_port() -> None:
    listeners = listen("localhost", 0)
    ports = {listener.getsockname()[1] for listener in listeners}
    for listener in listeners:
        listener.close()

    assert len(ports) == 1


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortUnavailable, match="no address of this machine"):
        listen("192.0.2.1", 0)
    with pytest.raises(PortUnavailable, match="no address of this machine"):
        listen("host.invalid", 0)
