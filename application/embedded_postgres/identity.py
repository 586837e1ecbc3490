"""A user to run programs as."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from aia_mas.application.embedded_postgres.detached import environment
from aia_mas.application.embedded_postgres.locks import Pause

_PATIENCE_SECONDS = 0.1


class Identity(msgspec.Struct, frozen=True):
    """A user to run programs as, and how to become it."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    switches: bool = False

    def spawn(
        self,
        command: Sequence[str],
        *,
        output: int,
        stdin: int = subprocess.DEVNULL,
        kept_open: Collection[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a program as this user, in a session of its own (Ctrl-C does not reach it).

        Args:
            command: Path of the program and its arguments.
            output: Descriptor, or PIPE, for all that it writes.
            stdin: Descriptor, or PIPE, that it reads.
            kept_open: Descriptors that it inherits.

        Returns:
            The running process.
        """
        return subprocess.Popen(
            [*self.prefix, *command],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # ours may be closed to that user
            env=environment(),
            start_new_session=True,
            pass_fds=kept_open,
            user=self.uid if self.switches else None,
            group=self.gid if self.switches else None,
            extra_groups=[] if self.switches else None,
        )

    def run(
        self,
        command: Sequence[str],
        *,
        text: str = "",
        kept_open: Collection[int] = (),
        pause: Pause = time.sleep,
    ) -> tuple[int, str]:
        """Run a program to its end as this user.

        Args:
            command: Path of the program and its arguments.
            text: What it reads.
            kept_open: Descriptors that it inherits.
            pause: Called now and then; when it raises, the program and its children are killed.

        Returns:
            Its exit code and all that it wrote.
        """
        with self.spawn(
            command, stdin=subprocess.PIPE, output=subprocess.PIPE, kept_open=kept_open
        ) as process:
            unread: bytes | None = text.encode()
            while True:
                try:
                    written, _ = process.communicate(unread, timeout=_PATIENCE_SECONDS)
                    return process.returncode, written.decode(errors="replace")
                except subprocess.TimeoutExpired:
                    unread = None  # it is given once
                try:
                    pause(0)
                except BaseException:
                    os.killpg(process.pid, signal.SIGKILL)  # a group of its own, see `spawn`
                    raise

    def take(self, folder: Path) -> None:
        """Make everything in a folder of ours belong to this user, if it does not yet.

        Args:
            folder: A folder that this program has made.
        """
        if os.geteuid() != 0 or folder.stat().st_uid == self.uid:
            return
        for parent, folders, files in os.walk(folder, topdown=False):
            for name in (*folders, *files):
                os.chown(Path(parent, name), self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)
