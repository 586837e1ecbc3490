"""A PostgreSQL of our own, started from the binaries of an installed package."""

from aia_mas.application.embedded_postgres.errors import (
    BinariesMissing,
    DataDirectoryDamaged,
    DataDirectoryInUse,
    DataDirectoryIsFile,
    DataDirectoryNotWritable,
    DataDirectoryOfOtherVersion,
    DiskFull,
    EmbeddedPostgresError,
    LocksUnsupported,
    NoSuitableUser,
    ServerDidNotStart,
)
from aia_mas.application.embedded_postgres.launcher import EmbeddedPostgres

__all__ = [
    "BinariesMissing",
    "DataDirectoryDamaged",
    "DataDirectoryInUse",
    "DataDirectoryIsFile",
    "DataDirectoryNotWritable",
    "DataDirectoryOfOtherVersion",
    "DiskFull",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "LocksUnsupported",
    "NoSuitableUser",
    "ServerDidNotStart",
]
