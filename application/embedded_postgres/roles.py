"""Logging in: whether the server lets us in, and the program's role and database."""

from __future__ import annotations

from enum import Enum, auto

import psycopg
from psycopg import sql

from aia_mas.application.embedded_postgres.endpoint import Endpoint
from aia_mas.application.embedded_postgres.passwords import DATABASE, OWNER, PROGRAM, Passwords

_TIMEOUT = 5  # seconds; a local server that takes longer is busy with its own recovery


class Admission(Enum):
    """What happened at the door."""

    OPEN = auto()
    """The program's role can log in, or could if there were not so many clients."""
    NOT_YET = auto()
    """The server is starting, recovering or stopping."""
    WRONG_PASSWORD = auto()
    """The owner's password is not the one that we have."""
    NOBODY_THERE = auto()
    """Nothing listens there."""


def admission(endpoint: Endpoint, passwords: Passwords) -> Admission:
    """Log in as the program; make its role and its database when they are missing.

    Args:
        endpoint: Where the server listens.
        passwords: What to log in with.

    Raises:
        psycopg.Error: The role or the database could not be made.
    """
    try:
        with psycopg.connect(
            endpoint.url(PROGRAM, passwords.program, DATABASE), connect_timeout=_TIMEOUT
        ):
            return Admission.OPEN
    except psycopg.OperationalError as error:
        if "connection slots" in str(error) or "too many clients" in str(error):
            return Admission.OPEN
    try:
        connection = psycopg.connect(
            endpoint.url(OWNER, passwords.owner, "postgres"),
            connect_timeout=_TIMEOUT,
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            return Admission.WRONG_PASSWORD
        return Admission.NOT_YET if "FATAL:" in str(error) else Admission.NOBODY_THERE
    with connection:
        _set_up(connection, passwords)
    return Admission.OPEN


def _set_up(connection: psycopg.Connection, passwords: Passwords) -> None:
    role = sql.Identifier(PROGRAM)
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [PROGRAM]).rowcount:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    # Scrambled here, so that the password cannot get into the server's log.
    scrambled = connection.pgconn.encrypt_password(
        passwords.program.encode(), PROGRAM.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(scrambled.decode()))
    )
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(DATABASE), sql.Identifier(OWNER)
            )
        )
