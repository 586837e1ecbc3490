"""Why the embedded PostgreSQL cannot be used: classes whose docstring is the message."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import cleandoc
from pathlib import Path
from typing import ClassVar


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used."""

    code: ClassVar[str] = "embedded_postgres"

    def __init__(self, detail: str = "") -> None:
        """Say what happened, where, and what helps.

        Args:
            detail: Sentences about this occurrence, added to the message of the class.
        """
        self.title = " ".join(cleandoc(type(self).__doc__ or type(self).__name__).split())
        self.detail = detail
        super().__init__(f"{self.title} {detail}".strip())


class BinariesMissing(EmbeddedPostgresError):
    """The programs of PostgreSQL are not installed, or do not run on this machine."""

    code = "postgres_binaries_missing"


class DataDirectoryIsFile(EmbeddedPostgresError):
    """The data directory, or a folder above it, is a file."""

    code = "data_directory_is_file"


class DataDirectoryNotWritable(EmbeddedPostgresError):
    """The data directory cannot be written to."""

    code = "data_directory_not_writable"


class DataDirectoryOfOtherVersion(EmbeddedPostgresError):
    """The data directory was made by another major version of PostgreSQL."""

    code = "data_directory_of_other_version"


class DataDirectoryDamaged(EmbeddedPostgresError):
    """The data directory holds something that is not a database of ours."""

    code = "data_directory_damaged"


class DataDirectoryInUse(EmbeddedPostgresError):
    """Another program is using the data directory and does not let go of it."""

    code = "data_directory_in_use"


class LocksUnsupported(EmbeddedPostgresError):
    """The file system of the data directory has no file locks, which keep nodes apart."""

    code = "file_locks_unsupported"


class DiskFull(EmbeddedPostgresError):
    """The disk that holds the data directory is full."""

    code = "disk_full"


class NoSuitableUser(EmbeddedPostgresError):
    """PostgreSQL runs neither as root nor as a user without a name, and no other user will do."""

    code = "no_suitable_user"


class ServerDidNotStart(EmbeddedPostgresError):
    """PostgreSQL was started and did not come up."""

    code = "server_did_not_start"


_OF_ERRNO: dict[int | None, type[EmbeddedPostgresError]] = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EACCES: DataDirectoryNotWritable,
    errno.EPERM: DataDirectoryNotWritable,
    errno.EROFS: DataDirectoryNotWritable,
    errno.ENOTDIR: DataDirectoryIsFile,
    errno.ENOLCK: LocksUnsupported,
    errno.ENOSYS: LocksUnsupported,
    errno.EOPNOTSUPP: LocksUnsupported,
}


@contextmanager
def explained(data_dir: Path) -> Iterator[None]:
    """Turn an error of the operating system into one that names the cause and the folder.

    Args:
        data_dir: The data directory in whose service the block runs.

    Raises:
        EmbeddedPostgresError: Instead of any OSError of the block.
    """
    try:
        yield
    except OSError as error:
        kind = _OF_ERRNO.get(error.errno, EmbeddedPostgresError)
        raise kind(f"Data directory: {data_dir}. {error}") from error
