"""What stands in PostgreSQL of an encrypted message, and what nodes make of it with their keys."""

from __future__ import annotations

from base64 import b64encode

import anyio
import psycopg
import pytest
from msgspec.structs import replace

from aia_mas.application.communication.out import Delivered
from aia_mas.application.settings import Settings
from aia_mas.application.settings_messages import MessageKey
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.errors import MessageExists
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.kernel import Principal, Role
from aia_mas.interfaces.bootstrap import System

pytestmark = pytest.mark.anyio

OLD, NEW = MessageKey("old", b"o" * 32), MessageKey("new", b"n" * 32)
ADMIN = Principal(subject="ann", roles=frozenset({Role.ADMIN}))
SECRET = "mellon mellon mellon"
FIRST = SendMessage(
    message_id="0190a0b0-0000-7000-8000-000000000001",
    from_agent="ann",
    to=Destination(agents=("ben",)),
    message_type="note",
    payload={"word": SECRET},
    encrypt=True,
)
SECOND = replace(FIRST, message_id="0190a0b0-0000-7000-8000-000000000002", payload=[SECRET])


async def delivered(system: System, count: int) -> list[Delivered]:
    """Return so many messages that ben gets, and does not acknowledge."""
    handed: list[Delivered] = []
    with anyio.fail_after(30), system.communication.collect("ben", "poll") as collection:
        while len(handed) < count:
            handed += await collection.next(10)
    return handed


async def test_keys_come_and_go_and_no_message_is_lost(
    database: str, connection: psycopg.AsyncConnection
) -> None:
    settings = Settings(database_url=database, message_keys=(OLD,))
    async with System(settings) as system:
        await system.engine.execute(FIRST, ADMIN, command_id="http:ann:first", body_hash=b"1")
        (first,) = await delivered(system, 1)
        assert first.content.view.payload == {"word": SECRET}
        assert first.content.view.encrypted
        # Nobody who reads the database, or a copy of it, reads the payload.
        assert await occurrences(connection, SECRET) == []
        assert await occurrences(connection, "0190a0b0-0000-7000-8000-000000000001")

    # The next key seals, the one before opens; what is sent again is recognised.
    async with System(replace(settings, message_keys=(NEW, OLD))) as system:
        await system.engine.execute(FIRST, ADMIN)
        await system.engine.execute(SECOND, ADMIN)
        assert {each.letter.message_id for each in await delivered(system, 2)} == {
            FIRST.message_id,
            SECOND.message_id,
        }
        sealed = await events_of(connection, SECOND.message_id)
        assert (sealed[0].get("payload"), sealed[0]["sealed"]["key_id"]) == (None, "new")

    # Without the key of before its messages wait, and count as delivered to nobody.
    async with System(replace(settings, message_keys=(NEW,))) as system:
        (second,) = await delivered(system, 1)
        assert second.content.view.payload == [SECRET]
        assert system.communication.mailroom.waiting("ben") == 2
        assert system.communication.office.unreadable == 1
        with pytest.raises(MessageExists):
            await system.engine.execute(FIRST, ADMIN)
        await system.communication.office.acknowledge("ben", SECOND.message_id)

    # With it they go out.
    async with System(settings) as system:
        (first,) = await delivered(system, 1)
        await system.communication.office.acknowledge("ben", FIRST.message_id)
        assert first.content.view.payload == {"word": SECRET}
        assert system.communication.mailroom.waiting("ben") == 0


async def events_of(connection: psycopg.AsyncConnection, message_id: str) -> list[dict]:
    rows = await connection.execute(
        "select convert_from(substr(state, 2), 'utf8')::jsonb from events where stream = %s",
        (f"message/{message_id}",),
    )
    return [row[0] for row in await rows.fetchall()]


async def occurrences(connection: psycopg.AsyncConnection, text: str) -> list[str]:
    """Return the columns of all tables in which a text stands, as it is, in hex or in base64."""
    found = []
    columns = await connection.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " join information_schema.tables using (table_schema, table_name)"
        " where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    patterns = [text, text.encode().hex(), *base64_forms(text)]
    for table, column, kind in await columns.fetchall():
        shown = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        query = f"select from {table} where {shown} like any (%s) limit 1"
        hits = await connection.execute(query, ([f"%{each}%" for each in patterns],))
        if hits.rowcount:
            found.append(f"{table}.{column}")
    return found


def base64_forms(text: str) -> list[str]:
    """Return what base64 makes of a text, wherever in another one it stands."""
    forms = []
    for offset in range(3):
        whole = b64encode(b"\0" * offset + text.encode()).decode().rstrip("=")
        forms.append(whole[(offset * 8 + 5) // 6 : -1])
    return forms
