"""What a node says once it serves, however it is configured."""

from pathlib import Path
from typing import Any

import pytest

from aia_mas.application.settings import Settings, load_settings
from aia_mas.interfaces.cli.banner import banner

HERE, THERE = "http://127.0.0.1:8000", "http://127.0.0.1:8765"
PATHS = (
    "agents/ws/agent/{agent_id}",
    "agents/ws/frontend/{client_id}",
    "communication/ws/{agent_id}",
)


def told(urls: tuple[str, ...] = (HERE,), further: tuple[str, ...] = (), **more: Any) -> list[str]:
    return list(banner(Settings(data_dir=Path("/data"), **more), urls, further))


def titles(lines: list[str]) -> list[str]:
    return [line[2:10].strip() for line in lines[:-1] if line[2:10].strip()]


def sockets(lines: list[str]) -> list[str]:
    return [line[11:] for line in lines if line[11:].startswith("ws://")]


def test_one_port_serves_requests_and_all_sockets() -> None:
    lines = told()

    assert titles(lines) == ["API", "Docs", "Health", "Sockets", "Data", "Mode"]
    assert lines[0] == f"  API      {HERE}/mas/api/v1"
    assert sockets(lines) == [f"ws://127.0.0.1:8000/mas/api/v1/{path}" for path in PATHS]
    assert lines[-1] == "Ctrl-C stops it."


def test_all_sockets_are_named_where_they_have_a_port_of_their_own() -> None:
    lines = told(further=(THERE,), websocket_port=8765)

    assert titles(lines) == ["API", "Docs", "Health", "Sockets", "Data", "Mode"]
    assert sockets(lines) == [f"ws://127.0.0.1:8765/mas/api/v1/{path}" for path in PATHS]


def test_what_is_served_below_a_sub_path_is_named_so() -> None:
    lines = told(urls=(f"{HERE}/mas",), further=(f"{THERE}/mas",), root_path="/mas")

    assert lines[0] == f"  API      {HERE}/mas/mas/api/v1"
    assert sockets(lines)[0] == f"ws://127.0.0.1:8765/mas/mas/api/v1/{PATHS[0]}"


def test_every_address_of_a_name_is_told() -> None:
    lines = told(urls=("http://127.0.0.1:8000", "http://[::1]:8000"))

    assert titles(lines) == ["API", "Docs", "Health"] * 2 + ["Sockets"] * 2 + ["Data", "Mode"]
    assert len(sockets(lines)) == 2 * len(PATHS)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("rediss://me:secret@[::1]:6380/1?password=secret", "rediss://[::1]:6380/1"),
        ("redis://:s%40secret@host/0", "redis://host/0"),
    ],
)
def test_a_redis_is_named_without_its_password(url: str, shown: str) -> None:
    (line,) = [line for line in told(redis_url=url) if line.startswith("  Redis")]
    assert line == f"  Redis    {shown}"

    (bridged,) = [
        line for line in told(redis_url=url, redis_bridge="on") if line.startswith("  Redis")
    ]
    assert bridged == f"{line} (agents send on mas:send)"


def test_a_bridge_without_a_redis_deserves_a_word() -> None:
    alone = load_settings(environment={"MAS_REDIS_BRIDGE": "on"})
    both = load_settings(environment={"MAS_REDIS_BRIDGE": "on", "REDIS_HOST": "localhost"})

    assert ["MAS_REDIS_BRIDGE is on" in warning for warning in alone.warnings] == [True]
    assert both.warnings == ()


def test_with_keys_that_is_told() -> None:
    assert any(line.startswith("  Mode     production") for line in told(jwt_secret="k" * 32))
