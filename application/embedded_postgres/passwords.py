"""The passwords of both roles: random, and readable by the owner of the data directory only."""

from __future__ import annotations

import secrets

import msgspec

from aia_mas.application.embedded_postgres.layout import DataDirectory

OWNER = "postgres"
PROGRAM = "mas"
DATABASE = "mas"


class Passwords(msgspec.Struct, frozen=True):
    """What the roles log in with."""

    owner: str
    program: str


def read_passwords(data: DataDirectory) -> Passwords | None:
    """Read the passwords from the data directory.

    Args:
        data: The data directory.

    Returns:
        The passwords, or None when they are missing or unreadable.
    """
    try:
        return msgspec.json.decode(data.passwords.read_bytes(), type=Passwords)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def new_passwords(data: DataDirectory) -> Passwords:
    """Think up passwords and store them in the data directory.

    Args:
        data: The data directory.
    """
    made = Passwords(owner=secrets.token_hex(24), program=secrets.token_hex(24))
    data.write_private(data.passwords.name, msgspec.json.encode(made))
    return made
