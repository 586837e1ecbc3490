"""The agent directory: what it shows, and how it is filtered, sorted and paged through."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.agent_events import (
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.errors import InvalidLabelComparator
from aia_mas.domain.orchestration.labels import Comparator
from aia_mas.domain.orchestration.task_events import (
    TaskCompleted,
    TaskFailed,
    TaskReleased,
    TaskStatus,
)
from aia_mas.projections import AgentDirectory, AgentFilter
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY

from .conftest import PATIENCE, Pen, runner, running
from .directories import MOVED, OVER, REASON, agent, ended, names, staked, task
from .histories import NOW, Happening

Fold = Callable[..., Awaitable[AgentDirectory]]
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def fold(database: str, log: PostgresEventLog, pen: Pen) -> Fold:
    """Append events, fold them, and return the directory."""

    async def fold(*happenings: Happening) -> AgentDirectory:
        directory = runner(log, database, AGENT_DIRECTORY)
        async with running(directory.run):
            head = await pen.write_all([happening] for happening in happenings)
            assert await directory.progress.reached(head, PATIENCE)
        return AgentDirectory(log.pool)

    return fold


async def test_an_agent_is_shown_as_it_declared_itself(fold: Fold) -> None:
    directory = await fold(
        agent(
            "a1",
            specializations=("data analysis", 'odd "quotes", {braces}'),
            skills={"python": 0.9, "größe": 1 / 3},
            max_concurrent_tasks=3,
            cost_per_task=15_500_000_000_000_000_001,
            labels={"region": "eu"},
            resources={"gpu_gb": 80},
            data_sources=("sales_db",),
            endpoint="https://a.example",
            wallet_address="0xabc",
            metadata={"z": [1, None], "a": {}},
        )
    )
    found = await directory.get("a1")

    assert found is not None
    assert (found.status, found.online, found.tier, found.owner) == ("active", True, None, "owner")
    assert found.specializations == ("data analysis", 'odd "quotes", {braces}')
    assert found.skills == {"python": 0.9, "größe": 1 / 3}
    assert found.cost_per_task == "15.500000000000000001"
    assert (found.active_tasks, found.max_concurrent_tasks) == (0, 3)
    assert (found.labels, found.resources) == ({"region": "eu"}, {"gpu_gb": 80.0})
    assert list(found.metadata) == ["z", "a"]
    assert (found.data_sources, found.endpoint, found.wallet_address) == (
        ("sales_db",),
        "https://a.example",
        "0xabc",
    )
    assert (found.revision, found.version, found.position) == (1, 1, 1)
    assert found.registered_at == NOW


async def test_what_it_holds_and_did_is_counted_from_the_events_of_tasks(fold: Fold) -> None:
    directory = await fold(
        agent("a"),
        *task("1", "a"),
        *task("2", "a"),
        *task("3", "a"),
        *task("4", "a"),
        (
            "task/1",
            TaskCompleted(agent_id="a", attempt=1, lease="lease-1", completed_at=NOW),
        ),
        (
            "task/2",
            TaskFailed(
                agent_id="a",
                attempt=1,
                error_code="x",
                retryable=True,
                outcome=TaskStatus.QUEUED,
                failed_at=NOW,
            ),
        ),
        (
            "task/3",
            TaskReleased(
                agent_id="a",
                attempt=1,
                reason="timed_out",  # type: ignore[arg-type]
                outcome=TaskStatus.QUEUED,
                released_at=NOW,
            ),
        ),
    )
    found = await directory.get("a")

    assert found is not None
    assert (found.active_tasks, found.assigned, found.completed) == (1, 4, 1)
    assert (found.failed, found.released, found.position) == (1, 1, 12)


async def test_status_presence_and_changes_are_shown(fold: Fold) -> None:
    directory = await fold(
        agent("a", skills={"x": 0.5}),
        ("agent/a", AgentWentOffline(last_seen=NOW, at=LATER)),
        ("agent/a", AgentSuspended(reason="misbehaved", at=LATER)),
        ("agent/a", AgentUpdated(capabilities=Capabilities(skills={"y": 1.0}), revision=2)),
    )
    found = await directory.get("a")

    assert found is not None
    assert (found.status, found.suspension, found.online) == ("suspended", "misbehaved", False)
    assert (found.last_seen, found.skills) == (NOW, {"y": 1.0})
    assert (found.revision, found.version) == (2, 4)
    assert await directory.get("nobody") is None
    assert await directory.get("nul\0") is None


async def test_unregistered_agents_are_listed_only_when_asked_for(fold: Fold) -> None:
    directory = await fold(
        agent("gone"), agent("here"), ("agent/gone", AgentUnregistered(at=LATER))
    )

    assert await names(directory) == ["here"]
    assert await names(directory, status=("unregistered", "active")) == ["gone", "here"]
    assert await directory.count() == 1
    found = await directory.get("gone")
    assert found is not None
    assert (found.status, found.online) == ("unregistered", False)


async def test_every_filter_restricts(fold: Fold) -> None:
    directory = await fold(
        agent("a", skills={"python": 0.9}, specializations=("stats",), labels={"region": "eu"}),
        agent("b", skills={"python": 0.4, "sql": 1.0}, labels={"region": "us", "gpu": ""}),
        agent("c_%", owner="other", specializations=("stats", "Über")),
        ("agent/b", AgentWentOffline(at=LATER)),
    )

    assert await names(directory, online=True) == ["a", "c_%"]
    assert await names(directory, online=False) == ["b"]
    assert await names(directory, owner="other") == ["c_%"]
    assert await names(directory, skill="python") == ["a", "b"]
    assert await names(directory, skill="python", min_level=0.5) == ["a"]
    assert await names(directory, skill="absent") == []
    assert await names(directory, specialization="stats") == ["a", "c_%"]
    assert await names(directory, label="gpu") == ["b"]
    assert await names(directory, label="region", label_value=("eu",)) == ["a"]
    assert await names(directory, text="SQL") == ["b"]
    assert await names(directory, text="Über") == ["c_%"]
    assert await names(directory, text="_%") == ["c_%"]
    assert await names(directory, text="nothing") == []
    assert await names(directory, specialization="stats", owner="owner") == ["a"]
    assert await directory.count(AgentFilter(specialization="stats")) == 2


async def test_labels_are_compared(fold: Fold) -> None:
    directory = await fold(
        agent("a", labels={"cores": "8"}),
        agent("b", labels={"cores": "16.0"}),
        agent("c", labels={"cores": "many"}),
        agent("d"),
        agent("e", labels={"cores": "1e999"}),
    )

    for op, values, expected in (
        ("=", ("16.0",), ["b"]),
        ("=", ("16",), []),
        ("!=", ("8",), ["b", "c", "d", "e"]),
        ("in", ("8", "many"), ["a", "c"]),
        (">", ("8",), ["b"]),
        (">=", ("8.0",), ["a", "b"]),
        ("<", ("16",), ["a"]),
        ("<=", ("16",), ["a", "b"]),
        ("=", ("it's %s \\",), []),
    ):
        asked = {"label": "cores", "label_op": Comparator(op), "label_value": values}
        assert await names(directory, **asked) == expected
    for op, wrong in ((">", ("many",)), ("=", ("8", "9")), ("<", ("1", "2"))):
        with pytest.raises(InvalidLabelComparator) as refused:
            await names(directory, label="cores", label_op=Comparator(op), label_value=wrong)
        assert refused.value.field == "label_value"


async def test_agents_are_found_by_tier_and_by_more_than_their_id(fold: Fold) -> None:
    directory = await fold(
        staked("bronze", 100 * ONE),
        agent("none"),
        staked("none", 100 * ONE - 1),
        agent("bronze"),
        agent("gold", metadata={"name": "Ada's %"}),
        staked("gold", 4999 * ONE),
        agent("diamond", owner="Lovelace"),
        staked("diamond", 10**9 * ONE),
    )

    assert await names(directory, tier=("bronze", "diamond")) == ["bronze", "diamond"]
    assert await names(directory, tier=("gold",)) == ["gold"]
    assert await names(directory, tier=("silver",)) == []
    assert await names(directory, text="ada's %") == ["gold"]
    assert await names(directory, text="lovelace") == ["diamond"]
    found = await directory.get("gold")
    assert found is not None
    assert (found.tier, found.stake) == ("gold", "4999")


async def test_success_is_shown_and_sorted_by(fold: Fold) -> None:
    directory = await fold(
        *(agent(name) for name in ("idle", "half", "best")),
        *task("1", "half"),
        *ended("1", "half"),
        *task("2", "half"),
        ("task/2", TaskReleased(**OVER, agent_id="half", reason=REASON, released_at=NOW)),
        *task("5", "half"),
        ("task/5", TaskReleased(**OVER, agent_id="half", reason=MOVED, released_at=NOW)),
        *ended("3", "best"),
        *task("4", "best"),
    )

    ranked = (await directory.list(sort="-success_rate")).items

    assert [(each.agent_id, each.success_rate) for each in ranked] == [
        ("best", 1.0),
        ("half", 0.5),
        ("idle", None),
    ]
    assert (ranked[1].released, ranked[1].lost) == (2, 1)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("agent_id", ["a", "b", "c"]),
        ("registered_at", ["c", "a", "b"]),
        ("cost_per_task", ["a", "c", "b"]),
        ("active_tasks", ["c", "a", "b"]),
        ("load", ["c", "b", "a"]),
        ("updated_at", ["a", "b", "c"]),
        ("completed", ["a", "b", "c"]),
        ("success_rate", ["a", "b", "c"]),
    ],
)
async def test_sorted_pages_hold_every_agent_once(
    fold: Fold, sort: str, order: list[str], descending: bool
) -> None:
    directory = await fold(
        agent("c", cost_per_task=2, max_concurrent_tasks=1),
        agent("a", cost_per_task=1, max_concurrent_tasks=2),
        agent("b", cost_per_task=10**20, max_concurrent_tasks=8),
        *task("1", "b"),
        *task("2", "b"),
        *task("3", "a"),
        ("agent/c", AgentWentOffline(at=LATER)),
    )
    sort = f"-{sort}" if descending else sort
    found, cursor = [], None
    for _ in order:
        page = await directory.list(AgentFilter(), sort, cursor, 1)
        found += [item.agent_id for item in page.items]
        cursor = page.next_cursor

    assert cursor is None
    assert found == (order[::-1] if descending else order)


async def test_a_page_that_ends_the_list_has_no_cursor(fold: Fold) -> None:
    directory = await fold(*(agent(f"a{number}") for number in range(5)))
    first = await directory.list(limit=3)
    rest = await directory.list(cursor=first.next_cursor, limit=3)

    assert [item.agent_id for item in first.items] == ["a0", "a1", "a2"]
    assert [item.agent_id for item in rest.items] == ["a3", "a4"]
    assert rest.next_cursor is None
    assert (await directory.list(limit=5)).next_cursor is None


async def test_bad_questions_are_refused(fold: Fold) -> None:
    directory = await fold(agent("a"), agent("b"))
    cursor = (await directory.list(limit=1)).next_cursor
    numbers = (await directory.list(sort="cost_per_task", limit=1)).next_cursor
    assert cursor is not None
    assert numbers is not None

    for asked, field in (
        ({"sort": "password"}, "sort"),
        ({"sort": "--agent_id"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
        ({"cursor": cursor, "sort": "-agent_id"}, "cursor"),
        ({"cursor": forged("cost_per_task", "text"), "sort": "cost_per_task"}, "cursor"),
        ({"cursor": forged("agent_id", "\0")}, "cursor"),
        ({"filters": AgentFilter(text="\0")}, "text"),
        ({"filters": AgentFilter(status=("\ud800",))}, "status"),
    ):
        with pytest.raises(InvalidValue) as refused:
            await directory.list(**asked)  # type: ignore[arg-type]
        assert refused.value.field == field


def forged(sort: str, value: str) -> str:
    from aia_mas.projections.listing import write_cursor

    return write_cursor(sort, value, "a")
