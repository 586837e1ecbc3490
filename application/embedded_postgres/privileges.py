"""Which user PostgreSQL runs as: it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

from aia_mas.application.embedded_postgres.errors import NoSuitableUser
from aia_mas.application.embedded_postgres.identity import Identity
from aia_mas.application.embedded_postgres.layout import DataDirectory


def choose_identity(data: DataDirectory, postgres: str) -> Identity:
    """Choose whom to run PostgreSQL as, by trying.

    An ordinary user runs it as itself. Root runs it as the owner of the data directory, as itself
    under another number in a user namespace, as the owner of the folder above, or as nobody.

    Args:
        data: The data directory.
        postgres: Path of the server program.

    Returns:
        A user that can run the program and enter the data directory.

    Raises:
        NoSuitableUser: There is none.
    """
    candidates = _candidates(data)
    if candidates[0].uid == os.geteuid() and not candidates[0].prefix:
        return candidates[0]
    # A folder of ours will be handed over; then it is the folder above that must let them in.
    place = data.root.parent if data.is_ours else data.root
    failures = []
    for candidate in candidates:
        if failure := _failure(candidate, postgres, place):
            failures.append(failure)
            continue
        if candidate.switches and data.is_ours:
            _hand_over(data, candidate)
        return candidate
    raise NoSuitableUser(
        f"Tried: {'; '.join(failures)}. Run this program as an ordinary user that /etc/passwd"
        f" names, choose a data directory that everybody may enter (now {data.root}), or set"
        " MAS_DATABASE_URL to a PostgreSQL server of your own."
    )


def _candidates(data: DataDirectory) -> list[Identity]:
    uid, gid, nobody = os.geteuid(), os.getegid(), _nobody()
    exists = data.cluster.exists()
    # In a namespace of its own the process has another user number inside; outside, for files
    # and signals, it remains ours.
    namespace = ("unshare", "--user", f"--map-user={nobody}", f"--map-group={nobody}", "--")
    mapped = Identity(uid, gid, namespace)
    if uid != 0:
        # initdb wants a name for the user, which containers with a user number of their own lack.
        return [Identity(uid, gid) if exists or _has_name(uid) else mapped]
    owner = _owner(data.cluster if exists else data.root)
    if owner and (exists or _has_name(owner)):
        return [_switched(owner)]
    above = _owner(data.root.parent)
    return [mapped, *([_switched(above)] if above and _has_name(above) else []), _switched(nobody)]


def _hand_over(data: DataDirectory, owner: Identity) -> None:
    os.chown(data.root, owner.uid, owner.gid)
    if owner.uid != _nobody():  # who is shared by programs that the passwords do not concern
        for file in (entry for entry in data.root.iterdir() if entry.is_file()):
            os.chown(file, owner.uid, owner.gid, follow_symlinks=False)


def _failure(candidate: Identity, postgres: str, place: Path) -> str | None:
    """Why the candidate will not do, or None when it will."""
    script = 'cd "$1" && exec "$2" --version'
    who = "in a user namespace" if candidate.prefix else f"as user {candidate.uid}"
    try:
        code, written = candidate.run(["/bin/sh", "-c", script, "sh", str(place), postgres])
    except (OSError, subprocess.SubprocessError) as error:
        return f"{who}: {error}"
    return None if code == 0 else f"{who}: {' '.join(written.split()) or f'exit code {code}'}"


def _switched(uid: int) -> Identity:
    try:
        return Identity(uid, pwd.getpwuid(uid).pw_gid, switches=True)
    except KeyError:
        return Identity(uid, uid, switches=True)


def _nobody() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return 65534


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _owner(path: Path) -> int:
    return path.stat().st_uid
