"""All read models of a node together: waiting, status, rebuilding, pruning, and their tables."""

import asyncio
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import anyio
import psycopg
import pytest

from aia_mas.application.event_log.fold_snapshots import PostgresFoldSnapshots
from aia_mas.application.event_log.leases import LeaseKeeper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.projections import ProjectionHost, UnknownReadModel
from aia_mas.projections.performance_fold import AGENT_PERFORMANCE
from aia_mas.projections.registry import READ_MODELS, LiveView
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import PATIENCE, Pen, contents, eventually, keeper, node, one, rows, running
from .histories import World

TABLES = [model for model in READ_MODELS if isinstance(model, Projection)]


def host(log: PostgresEventLog, holder: str = "node") -> ProjectionHost:
    leases: LeaseKeeper = keeper(log, holder)
    return ProjectionHost(log, leases, PostgresFoldSnapshots(log.pool, log.store_id))


async def test_a_node_keeps_all_read_models(log: PostgresEventLog, pen: Pen) -> None:
    models = host(log)
    world = World(1)
    async with running(models.run):
        position = await pen.write_all(world.history(200))
        for name in models.names:
            assert await models.wait_for(name, position, PATIENCE)

        counts = models.metrics.current()
        assert counts.as_of == position
        assert counts.tasks.submitted == len(world.tasks) == await models.board.count()
        assert counts.agents.registered == await models.directory.count()
        statuses = await models.status()
        assert [(s.name, s.kind, s.checkpoint, s.lag) for s in statuses] == [
            (model.name, "table" if model in TABLES else "view", position, 0)
            for model in READ_MODELS
        ]
        for status in statuses:
            assert status.leader == (None if status.kind == "view" else "node")


async def test_a_read_model_has_caught_up_once_it_has_come_to_the_end_of_the_log(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """As the first release with a new version finds it: there are tables, and nothing in them."""
    models, elsewhere = host(log), keeper(log, "elsewhere")
    await pen.write_all(World(1).history(300))
    lease = await elsewhere.take(f"projection/{TASK_BOARD.key}")
    assert lease is not None
    async with running(models.run):
        for name in ("agent_directory", "system_metrics"):
            assert await models.caught_up(name, PATIENCE)
        # Nobody writes the table, so this is no matter of time.
        assert not await models.caught_up("task_board", 0.1)
        assert models.behind == ("task_board",)

        await one(database, "update leases set expires_at = '-infinity' returning 1")
        assert await models.caught_up("task_board", PATIENCE)
        assert models.behind == ()
        assert (await models.status())[1].lag == 0

        # That is over for good, however far it falls behind.
        await pen.write_all(World(2).history(50))
        assert models.behind == ()


async def test_waiting_is_bounded_and_unknown_names_are_refused(
    log: PostgresEventLog, pen: Pen
) -> None:
    models = host(log)
    async with running(models.run):
        position = await pen.write_all(World(1).history(5))
        for name in models.names:
            assert not await models.wait_for(name, position + 1, 0.05)
        with pytest.raises(UnknownReadModel, match="'weather' is none of agent_directory"):
            await models.wait_for("weather", 1, 0.05)


async def test_a_node_that_leads_nothing_sees_how_far_the_others_are(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """For ``min_position``: what a waiter on this node is told stands in the tables."""
    leader = host(log, "leader")
    async with running(leader.run):
        await leader.wait_for("task_board", await pen.write_all(World(1).history(3)), PATIENCE)
        async with node(database) as other:
            standby = host(other, "standby")
            async with running(standby.run):
                for seed in range(2, 7):
                    position = await pen.write_all(World(seed).history(40))
                    assert await standby.wait_for("task_board", position, PATIENCE)
                    stands = "select position from projection_checkpoints where projection = %s"
                    assert await one(database, stands, "task_board_v3") >= position
                assert {status.leader for status in await standby.status()} == {"leader", None}


async def test_the_tables_move_to_another_node_when_one_ends(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    first, second = host(log, "first"), host(log, "second")
    async with running(second.run):
        async with running(first.run):
            await first.wait_for("task_board", await pen.write_all(World(1).history(50)), PATIENCE)
        position = await pen.write_all(World(2).history(50))
        for name in second.names:
            assert await second.wait_for(name, position, PATIENCE)

    assert await rows(database, "projection_parked") == []


@pytest.mark.parametrize("name", [model.name for model in READ_MODELS])
async def test_every_read_model_can_be_rebuilt_while_it_runs(
    database: str, log: PostgresEventLog, pen: Pen, name: str
) -> None:
    models = host(log)
    async with running(models.run):
        position = await pen.write_all(World(1).history(300))
        for each in (name, "system_metrics"):
            assert await models.wait_for(each, position, PATIENCE)
        before = models.metrics.current()
        tables = [await contents(database, table) for table in TABLES]

        assert await models.rebuild(name) == position

        assert await models.wait_for(name, position, PATIENCE)
        assert models.metrics.current() == before
        if name != "system_metrics":
            for table, content in zip(TABLES, tables, strict=True):
                if table.name == name:
                    assert await contents(database, table) == content
        position = await pen.write_all(World(2).history(20))
        assert await models.wait_for(name, position, PATIENCE)


async def test_a_program_that_runs_nothing_can_look_and_rebuild(
    log: PostgresEventLog, pen: Pen
) -> None:
    """As ``mas projections`` does, beside a running node or without one."""
    position = await pen.write_all(World(1).history(300))
    command_line = host(log, "cli")
    assert [status.lag for status in await command_line.status()] == [position] * len(READ_MODELS)

    for name in command_line.names:
        assert await command_line.rebuild(name) == position

    assert [status.lag for status in await command_line.status()] == [0] * len(READ_MODELS)
    with pytest.raises(UnknownReadModel):
        await command_line.rebuild("weather")


async def test_status_tells_what_a_projection_goes_on_without(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write_all(World(1).history(10))
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(
            """insert into projection_parked (projection, stream, position, topic, reason)
            values ('task_board_v3', 'task/1', 1, 't', 'r'), ('task_board_v3', 'task/2', 2, 't', '')
            """
        )
        await connection.execute(
            "update projection_checkpoints set stopped = 'poison'"
            " where projection like 'agent_directory%'"
        )

    found = {status.name: status for status in await host(log).status()}
    directory, board, metrics = (
        found[name] for name in ("agent_directory", "task_board", "system_metrics")
    )
    assert (directory.stopped, board.stopped, metrics.stopped) == ("poison", None, None)
    assert (directory.parked, board.parked, metrics.parked) == (0, 2, 0)


async def test_older_versions_are_pruned_and_nothing_else(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    position = await pen.write_all(World(1).history(200))
    models = host(log)
    async with running(models.run):
        for name in models.names:
            assert await models.wait_for(name, position, PATIENCE)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("create table task_board_v0 (task_id text)")
        await connection.execute(
            """insert into projection_checkpoints values ('task_board_v0', 9, '{task_board_v0}'),
                ('task_board_v9', 9, '{task_board_v9}'), ('weather_v1', 9, '{weather_v1}')"""
        )
        await connection.execute("create table task_board_v9 (task_id text)")
        await connection.execute("create table weather_v1 (place text)")
        await connection.execute(
            """insert into fold_snapshots (store_id, name, version, position)
            select store_id, name, v, 1 from store, (values
                ('system_metrics', 0), ('system_metrics', 9), ('dispatching', 1)) t(name, v)"""
        )

    assert await models.prune() == ["system_metrics_v0", "task_board_v0"]
    assert await models.prune() == []
    assert await one(database, "select to_regclass('task_board_v0')") is None
    assert await one(database, "select to_regclass('task_board_v9')") == "task_board_v9"
    assert await one(database, "select to_regclass('weather_v1')") == "weather_v1"
    views = sum(isinstance(model, LiveView) for model in READ_MODELS)
    assert await one(database, "select count(*) from fold_snapshots") == views + 2
    for table in (AGENT_PERFORMANCE, TASK_BOARD):
        assert all((await contents(database, table)).values())


async def test_the_tables_are_what_the_rows_say(database: str) -> None:
    """Struct fields are columns, in the same order, null where the field may be None."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        for projection in TABLES:
            for table, name in zip(projection.tables, projection.table_names(), strict=True):
                cursor = await connection.execute(
                    """select column_name::text, is_nullable = 'YES' from information_schema.columns
                    where table_name = %s order by ordinal_position""",
                    (name,),
                )
                hints = get_type_hints(table.row)
                assert await cursor.fetchall() == [
                    (column, _may_be_null(name, column, hints[column])) for column in table.columns
                ]
            cursor = await connection.execute(
                "select tables from projection_checkpoints where projection = %s",
                (projection.key,),
            )
            assert await cursor.fetchall() == [(projection.table_names(),)]


async def test_every_projection_of_the_database_is_registered(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database) as connection:
        cursor = await connection.execute("select projection from projection_checkpoints")
        keys = {key for (key,) in await cursor.fetchall()}
    # Older versions stay until they are pruned.
    assert keys >= {table.key for table in TABLES}
    assert {key.rpartition("_v")[0] for key in keys} == {table.name for table in TABLES}


async def test_many_waiters_are_answered_at_once(log: PostgresEventLog, pen: Pen) -> None:
    models = host(log)
    answers: list[bool] = []

    async def wait(position: int) -> None:
        answers.append(await models.wait_for("task_board", position, PATIENCE))

    async with running(models.run), anyio.create_task_group() as tasks:
        for position in range(200, 0, -1):
            tasks.start_soon(wait, position)
        await asyncio.sleep(0)
        await pen.write_all(World(1).history(250))

    assert answers == [True] * 200


async def test_migrations_leave_room_for_more_projections() -> None:
    """Tables carry the version in their names, so that two releases can run side by side."""
    import aia_mas.migrations

    (folder,) = aia_mas.migrations.__path__
    text = "".join(file.read_text() for file in Path(folder).glob("*.sql"))
    for projection in TABLES:
        for name in projection.table_names():
            assert f"create table {name} " in text
            assert name.startswith(f"{projection.name}_v{projection.version}")


async def test_snapshots_of_views_are_seen_by_status_of_other_programs(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    models = host(log)
    async with running(models.run):
        position = await pen.write_all(World(1).history(30))
        assert await models.wait_for("system_metrics", position, PATIENCE)

    async def stored() -> bool:
        found = {status.name: status for status in await host(log).status()}
        return found["system_metrics"].checkpoint == position

    await eventually(stored)


def _may_be_null(table: str, column: str, hint: Any) -> bool:
    if hint is Any:
        # Any JSON may be null, apart from these.
        return column not in {
            *("awards", "legs", "metadata", "requirements", "retry", "state", "terms"),
        }
    return isinstance(hint, UnionType) and type(None) in get_args(hint)
