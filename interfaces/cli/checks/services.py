"""Checks of the services that the settings name."""

from __future__ import annotations

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from aia_mas.application.migrations import OLDEST_SERVER, migrations
from aia_mas.application.settings import Settings, without_password
from aia_mas.interfaces.cli.checks.finding import Finding, doubtful, failed, passed

_TIMEOUT = 5  # seconds


def database(settings: Settings) -> Finding:
    """Connect to the database that was named; the embedded one is started on demand."""
    name = "database"
    if settings.database_url is None:
        return passed(name, "embedded, started with the server")
    where = without_password(settings.database_url)
    try:
        with psycopg.connect(
            settings.database_url, connect_timeout=_TIMEOUT, autocommit=True
        ) as connection:
            version = connection.info.server_version
            if version < OLDEST_SERVER:
                seen = f"PostgreSQL {version // 10_000} ({where})"
                return failed(name, seen, "PostgreSQL 15 or newer is needed")
            pending = _pending(connection)
    except psycopg.Error as error:
        hint = "check MAS_DATABASE_URL, and that the server runs and lets this user in"
        return failed(name, f"{where}: {' '.join(str(error).split())}", hint)
    seen = f"PostgreSQL {version // 10_000}.{version % 10_000} ({where})"
    if pending:
        return doubtful(
            name, seen, f"{pending} migrations to apply: the next start does, or mas migrate"
        )
    return passed(name, seen)


def _pending(connection: psycopg.Connection) -> int:
    row = connection.execute("select to_regclass('migrations') is not null").fetchone()
    if not row or not row[0]:
        return len(migrations())
    done = connection.execute("select number from migrations").fetchall()
    return len({migration.number for migration in migrations()} - {number for (number,) in done})


def redis(settings: Settings) -> Finding:
    """Ask Redis for a sign of life; without it the server starts degraded."""
    name = "redis"
    if settings.redis is None:
        return passed(name, "not configured: PostgreSQL carries presence")
    client = Redis.from_url(
        settings.redis, socket_connect_timeout=_TIMEOUT, socket_timeout=_TIMEOUT
    )
    try:
        client.ping()
        version = client.info("server").get("redis_version", "")
    except (RedisError, OSError, TimeoutError) as error:
        hint = "the server starts without it, degraded; check REDIS_HOST, REDIS_PORT or REDIS_URL"
        return doubtful(name, f"cannot be reached: {type(error).__name__}", hint)
    finally:
        client.close()
    return passed(name, f"version {version}")
