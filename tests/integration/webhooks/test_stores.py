"""What is stored about endpoints: the master secret, once; and how deliveries went."""

import psycopg
import pytest
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from aia_mas.application.clock import SystemClock
from aia_mas.application.webhooks.figures import Figures
from aia_mas.application.webhooks.secrets import Secrets
from aia_mas.application.webhooks.store import Figure, MemoryWebhooks, PostgresWebhooks

NOW = SystemClock().now()
FIGURE = Figure("a", 7, 2, NOW, "t:1", "5xx", 500)


@pytest.fixture(params=["postgres", "memory"])
async def store(request, database: str):
    if request.param == "memory":
        yield MemoryWebhooks()
    else:
        async with AsyncConnectionPool(database, min_size=1, open=False) as pool:
            yield PostgresWebhooks(pool)


async def test_all_nodes_and_all_runs_derive_the_same_keys(store) -> None:
    first, second = Secrets(store), Secrets(store)

    keys = await first.keys("a", 1, None, NOW)
    assert await second.keys("a", 1, None, NOW) == keys
    assert len(keys) == 1

    assert await second.keys("a", 2, NOW, NOW) == [
        *(await first.keys("a", 2, None, NOW)), *keys
    ]  # fmt: skip


async def test_a_configured_secret_takes_the_place_of_the_stored_one(store) -> None:
    stored = await Secrets(store).keys("a", 1, None, NOW)
    configured = await Secrets(store, "x" * 32).keys("a", 1, None, NOW)

    assert configured != stored
    assert await Secrets(store, "x" * 32).keys("a", 1, None, NOW) == configured
    assert await Secrets(store, "y" * 32).keys("a", 1, None, NOW) != configured


async def test_figures_are_there_for_other_nodes_and_the_next_leader(store) -> None:
    clock = SystemClock()
    leader, other = Figures(store, clock), Figures(store, clock)
    good = replace(FIGURE, agent_id="b", failures=0, outcome="taken", status=202)
    for figure in (FIGURE, good):
        leader.note(figure)
    assert await leader.of("a") == FIGURE
    assert await other.of("a") is None

    await leader.flush()

    assert await other.of("a") == FIGURE
    assert await other.failing() == [FIGURE]
    better = replace(FIGURE, failures=0, outcome="unreachable", status=None)
    other.note(better)
    await other.flush()
    assert await leader.of("a") == better
    # Of an endpoint that was replaced since nothing is told any more.
    leader.note(replace(FIGURE, since=6))
    await leader.flush()
    assert await other.of("a") == better


async def test_a_figure_of_a_store_that_is_away_is_kept(database: str) -> None:
    pool = AsyncConnectionPool(database, min_size=1, open=False)
    await pool.open()
    store = PostgresWebhooks(pool)
    figures = Figures(store, SystemClock())
    figures.note(FIGURE)
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("alter table webhook_figures rename to elsewhere")
    with pytest.raises(psycopg.Error):
        await figures.flush()

    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("alter table elsewhere rename to webhook_figures")
    await figures.flush()

    assert await Figures(store, SystemClock()).of("a") == FIGURE
    await pool.close()
