"""What counts as an event's own fault."""

import psycopg
import pytest
from psycopg import errors as pg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from aia_mas.application.event_log.errors import Fenced, LogUnavailable, UnreadableEvent
from aia_mas.projections.checkpoint_writer import CheckpointMoved
from aia_mas.projections.poison import is_poison
from aia_mas.projections.table import MissingRow


@pytest.mark.parametrize(
    "error",
    [
        pg.UntranslatableCharacter(),
        pg.CharacterNotInRepertoire(),
        pg.NumericValueOutOfRange(),
        pg.InvalidTextRepresentation(),
        pg.NotNullViolation(),
        pg.CheckViolation(),
        pg.CardinalityViolation(),
        pg.ProgramLimitExceeded(),
        pg.RaiseException(),
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
        psycopg.ProgrammingError("cannot adapt type 'dict'"),
        UnreadableEvent("unknown topic"),
        MissingRow("task/1"),
        KeyError("x"),
        TypeError("x"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
        RecursionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_data_and_program_errors_are_poison(error: Exception) -> None:
    assert is_poison(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is closed"),
        pg.AdminShutdown(),
        pg.CrashShutdown(),
        pg.CannotConnectNow(),
        pg.IdleInTransactionSessionTimeout(),
        pg.ConnectionFailure(),
        pg.SerializationFailure(),
        pg.DeadlockDetected(),
        pg.LockNotAvailable(),
        pg.QueryCanceled(),
        pg.DiskFull(),
        pg.OutOfMemory(),
        pg.TooManyConnections(),
        pg.ReadOnlySqlTransaction(),
        pg.IoError(),
        pg.DataCorrupted(),
        pg.UndefinedTable(),
        pg.UndefinedColumn(),
        pg.InsufficientPrivilege(),
        PoolTimeout(),
        PoolClosed(),
        TooManyRequests(),
        ConnectionResetError(),
        TimeoutError(),
        MemoryError(),
        Fenced(),
        CheckpointMoved(),
        LogUnavailable(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_circumstances_are_not(error: Exception) -> None:
    assert not is_poison(error)
