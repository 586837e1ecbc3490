"""What lies where in the data directory.

Standard library only: the guardian runs without anything else.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NamedTuple

_GITIGNORE = "# Made by AIA MAS for its own files.\n*\n"


class DataDirectory(NamedTuple):
    """The folder that holds the database, its log, the passwords and the locks."""

    root: Path

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls the data directory."""
        return self.root / "postgres"

    @property
    def workshop(self) -> Path:
        """Where a new cluster is made before it moves to its place, whole."""
        return self.root / "postgres-unfinished"

    @property
    def log(self) -> Path:
        """Folder of the server's log files."""
        return self.root / "postgres-log"

    @property
    def run(self) -> Path:
        """File that says where the server listens."""
        return self.root / "run.json"

    @property
    def passwords(self) -> Path:
        """File of the passwords of both roles."""
        return self.root / "passwords.json"

    @property
    def startup_lock(self) -> Path:
        """Held exclusively by whoever starts or stops the server, joins or leaves."""
        return self.root / "startup.lock"

    @property
    def nodes_lock(self) -> Path:
        """Held in share by every node that uses the server."""
        return self.root / "nodes.lock"

    @property
    def server_lock(self) -> Path:
        """Held by every process of PostgreSQL; free means that none is left, whatever its pid."""
        return self.root / "server.lock"

    @property
    def guardian_lock(self) -> Path:
        """Held by the guardian, with its pid inside."""
        return self.root / "guardian.lock"

    @property
    def is_ours(self) -> bool:
        """Whether this program made the folder, and so may change its owner."""
        try:
            return (self.root / ".gitignore").read_text(encoding="utf-8") == _GITIGNORE
        except (OSError, UnicodeDecodeError):
            return False

    def prepare(self) -> None:
        """Make the folder, unless it is there, and the lock files in it.

        Raises:
            OSError: It cannot be made or written to.
        """
        try:
            self.root.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            if not self.root.is_dir():
                name = str(self.root)
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory", name) from None
        else:
            self.write_private(".gitignore", _GITIGNORE.encode())
        for lock in (self.startup_lock, self.nodes_lock, self.server_lock, self.guardian_lock):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._hand_to_owner(descriptor)
            os.close(descriptor)

    def write_private(self, name: str, content: bytes) -> None:
        """Write a file that only its owner reads, at once or not at all.

        Args:
            name: Name of the file in the data directory.
            content: All that shall stand in it.
        """
        draft = self.root / f"{name}.draft"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            self._hand_to_owner(descriptor)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        draft.replace(self.root / name)

    def _hand_to_owner(self, descriptor: int) -> None:
        # Started once by root, the owner of the folder must not be locked out of its own files.
        if os.geteuid() == 0:
            owner = self.root.stat()
            if os.fstat(descriptor).st_uid != owner.st_uid:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
