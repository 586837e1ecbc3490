"""Health: what supervisors and people are told, in good times and bad."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg


def test_how_a_node_is(client: httpx.Client) -> None:
    health = client.get("/mas/health").json()

    assert (health["status"], health["mode"]) == ("ok", "development")
    assert health["version"]
    assert len(health["store_id"]) == 36
    assert health["database"]["status"] == "ok"
    assert health["redis"]["status"] == "not_configured"
    models = {model["name"]: model for model in health["projections"]}
    assert {"agent_directory", "task_board", "system_metrics"} <= models.keys()
    assert {"checkpoint", "lag"} <= models["task_board"].keys()
    assert {"dispatcher", "deadlines"} <= health["leaders"].keys()
    assert client.get("/mas/health/live").json() == {"status": "live"}
    assert client.get("/mas/health/ready").json() == {"status": "ready"}


def test_a_node_without_its_database_lives_but_is_not_ready(
    start_node: Callable[..., Any],
) -> None:
    node = start_node(database_timeout_seconds=1.0)
    url = node.system.settings.database_url

    node.run(node.system.log.pool.close())

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
    """Connections that were cut are replaced without anybody noticing."""
    node = start_node()
    with psycopg.connect(node.system.settings.database_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )

    assert node.client.get("/mas/health/ready").status_code == 200
    submitted = node.client.post("/mas/api/v1/agents/tasks/submit", json={"task_type": "x"})
    assert submitted.status_code == 201
