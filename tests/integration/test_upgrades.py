"""A database of a release before is brought on: its migrations stay as they were, others follow."""

import hashlib

import psycopg
import pytest

from aia_mas.application.migrations import migrate, migrations

RELEASED = {
    "0001_event_log": "5b95c78c34e6750155a2c240a8fcebd471700cd6e2e87bfeb85419f8e012374b",
    "0002_projections": "f79a3de41c371854124321a8fe97341c8f2c0412dae6c5641c89309cd18ab330",
    "0003_presence": "440ef77806c1a7a358728f1d74a0bcddc9742e6d383dac53fcd00033918207b2",
    "0004_agents": "a1ac25d74bc398e84ac55de0e222c34247fdef9de34143ab3e5f764993abaa74",
}
"""SHA-256 of the migrations of the first release; the databases of tests begin with them."""

FROZEN = RELEASED | {
    "0005_task_board_v2": "76c9696e0cb9f48d23c2bc54f7b0d975f527d149b98c04ddea9fddebaa733c28",
    "0006_agent_performance_v2": "80cd54c02cff33e0c5ec025e105ffa81ae54fd36d077ac562025b71e2e0dd08a",
    "0007_agent_records": "c84dfe2d21965460b0771f2fb7e488e9f288224ceea6d08e4874d7fb52cd01b8",
    "0008_task_keys": "c0c3bf0027aed8130e2c0ced352bdca2151270975d05ac1a219381a73e676159",
    "0009_connections": "badfe96b25260cebb3f412f5b6a5fa634b8698aebcecc57a243eeebf191b150d",
    "0010_webhooks": "fc6d0f0eb3f64bccec9e66b27bd1eb62231be7d1aecc7bb5b2e096eb4bdcb79b",
    "0011_ledger": "702ec0f1a007cd3ef168bec766067cb0d4ae5407bfb87e9e7d8a724f26362e92",
    "0012_staking": "110904973442589d7cd91db04e8c9a69c8596b190ac49bf0542c7f4bc3ecfc65",
    "0013_rewards": "1baa588d0601f291cec28cfccf92d5fea1bcd35a5bd64625440cbb14c8acf621",
    "0014_budgets": "58d3bdd668ccc777a4f19d55067f797449b613d353bff59058d2b67d7c4c01f6",
    "0015_incentives": "2ca948b9574126e6247a9823a381bf6efe04f708a6fb6dc72209a37584092180",
    "0016_governance": "b92702fcddfc95321ee7cc802d9876bf48bead7fc892cb0a432e544f85407db6",
    "0017_messages": "9b2ca66a7065282fcb0b4b1909d05e5df68561d48ced8f8add33e4b6612f304d",
    "0018_handlers": "51b5c73f08ef4b01bb12b0ad65e1da28a626d15a7b36e05780b51d8f61a23064",
}
"""SHA-256 of the migrations that databases in use have applied; they never change again."""


def test_what_databases_have_applied_is_never_changed() -> None:
    """Where a migration is done, nothing in it is looked at again: a change would be missing."""
    found = {
        f"{each.number:04d}_{each.name}": hashlib.sha256(each.sql.encode()).hexdigest()
        for each in migrations()
    }

    assert {name: found.get(name) for name in FROZEN} == FROZEN


async def _of_the_release_before(url: str) -> None:
    """Apply what it applied, by hand."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            """create table migrations (number integer primary key, name text not null,
            applied_at timestamptz not null default clock_timestamp())"""
        )
        for each in migrations()[: len(RELEASED)]:
            await connection.execute(each.sql.encode())
            await connection.execute(
                "insert into migrations values (%s, %s)", (each.number, each.name)
            )


async def _boards(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await connection.execute(
            """select projection from projection_checkpoints
            where to_regclass(projection) is not null and projection like 'task_board%'
            order by 1"""
        )
        return [name for (name,) in await rows.fetchall()]


@pytest.mark.parametrize("used", [True, False])
async def test_the_new_task_board_is_made_beside_one_that_is_in_use(
    empty_database: str, used: bool
) -> None:
    await _of_the_release_before(empty_database)
    if used:
        async with await psycopg.AsyncConnection.connect(empty_database) as connection:
            await connection.execute("update projection_checkpoints set position = 7")

    applied = await migrate(empty_database)

    assert applied == [f"{each.number:04d}_{each.name}" for each in migrations()[len(RELEASED) :]]
    assert await _boards(empty_database) == [*(["task_board_v1"] if used else []), "task_board_v3"]
    assert await migrate(empty_database) == []


async def test_a_new_database_has_one_task_board(empty_database: str) -> None:
    await migrate(empty_database)

    assert await _boards(empty_database) == ["task_board_v3"]


async def test_read_models_of_an_unfinished_shape_are_made_anew(empty_database: str) -> None:
    """For some days databases were made with a second task board as it was before it was done."""
    await _of_the_release_before(empty_database)
    async with await psycopg.AsyncConnection.connect(empty_database) as connection:
        await connection.execute(
            """alter table task_board_v1 rename to task_board_v2;
            alter table task_board_v1_specs rename to task_board_v2_specs;
            update projection_checkpoints set projection = 'task_board_v2', position = 7,
                tables = array['task_board_v2', 'task_board_v2_specs']
            where projection = 'task_board_v1'"""
        )

    await migrate(empty_database)

    async with await psycopg.AsyncConnection.connect(empty_database) as connection:
        rows = await connection.execute(
            """select projection, position, exists (
                select from information_schema.columns
                where table_name = projection and column_name = 'excluded'
            ) from projection_checkpoints where projection like 'task_board%'"""
        )
        assert await rows.fetchall() == [("task_board_v3", 0, True)]
