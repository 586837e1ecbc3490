"""Health: what supervisors and people are told, in good times and bad."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg

from aia_mas.application.settings import Settings


def test_how_a_node_is(client: httpx.Client) -> None:
    health = client.get("/mas/health").json()

    assert (health["status"], health["mode"]) == ("ok", "development")
    assert health["version"]
    assert len(health["store_id"]) == 36
    assert health["database"]["status"] == "ok"
    assert health["redis"]["status"] == "not_configured"
    assert health["wakeups"] == "listen"
    models = {model["name"]: model for model in health["projections"]}
    assert {"agent_directory", "task_board", "system_metrics"} <= models.keys()
    assert {"checkpoint", "lag"} <= models["task_board"].keys()
    kinds = {name: model["kind"] for name, model in models.items()}
    assert (kinds["task_board"], kinds["system_metrics"]) == ("table", "view")
    assert kinds["dispatching"] == kinds["expiry"] == "process"
    assert {"dispatcher", "deadlines"} <= health["leaders"].keys()
    assert client.get("/mas/health/live").json() == {"status": "live"}
    assert client.get("/mas/health/ready").json() == {"status": "ready"}


def test_a_node_without_its_database_lives_but_is_not_ready(
    start_node: Callable[..., Any],
) -> None:
    node = start_node()
    url = node.system.settings.database_url
    node.system.log.contact.lost("listen")
    assert node.client.get("/mas/health").json()["wakeups"] == "poll"

    node.lose_database()

    ready, health = node.client.get("/mas/health/ready"), node.client.get("/mas/health")
    listed = node.client.get("/mas/api/v1/agents")
    assert node.client.get("/mas/health/live").status_code == 200
    for answer in (ready, health, listed):
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
        assert url not in answer.text
    assert ready.json()["code"] == health.json()["code"] == "not_ready"
    assert health.json()["health"]["database"]["status"] == "unavailable"
    assert listed.json()["code"] == "database_unavailable"


def test_the_database_itself_is_asked(start_node: Callable[..., Any]) -> None:
    """Connections that were cut are replaced; it takes a moment if one was being made just then."""
    node = start_node()
    with psycopg.connect(node.system.settings.database_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )

    until = time.monotonic() + 30.0
    while (ready := node.client.get("/mas/health/ready")).status_code != 200:
        assert ready.json()["code"] == "not_ready"
        assert time.monotonic() < until, ready.text
    submitted = node.client.post("/mas/api/v1/agents/tasks/submit", json={"task_type": "x"})
    assert submitted.status_code == 201


def test_a_node_is_not_ready_before_its_read_models_are(
    start_node: Callable[..., Any],
) -> None:
    """A new version of a read model begins empty; nobody is shown half of it."""
    first = start_node()
    settings = first.system.settings
    first.client.post("/mas/api/v1/agents/tasks/submit", json={"task_type": "x"})
    first.stop()
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("delete from task_board_v3")
        connection.execute(
            "update projection_checkpoints set position = 0 where projection = 'task_board_v3'"
        )
        # Whoever builds it takes a while.
        connection.execute(
            """update leases set holder = 'elsewhere', epoch = epoch + 1,
                expires_at = clock_timestamp() + interval '50 seconds'
            where name = 'projection/task_board_v3'"""
        )
        node = type(first)(Settings(database_url=settings.database_url))
        try:
            ready = node.client.get("/mas/health/ready")
            assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
            assert ready.json()["behind"] == ["task_board"]
            listed = node.client.get("/mas/api/v1/agents/tasks")
            assert (listed.status_code, listed.json()["code"]) == (503, "projection_behind")
            assert node.client.get("/mas/api/v1/agents").status_code == 200

            connection.execute(
                "update leases set expires_at = '-infinity' where holder = 'elsewhere'"
            )
            listed = node.client.get("/mas/api/v1/agents/tasks")
            assert len(listed.json()["items"]) == 1, listed.text
            assert node.client.get("/mas/health/ready").status_code == 200
        finally:
            node.stop()
