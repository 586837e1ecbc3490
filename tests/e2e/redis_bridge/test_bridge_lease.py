"""The bridge goes over to whoever has its lease, and what is out then does not count as tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg

from aia_mas.interfaces.redis_bridge import LEASE

from .conftest import PATIENCE, Speaker, token

API = "/mas/api/v1/communication"
LOSE = """update leases set holder = 'another', epoch = epoch + 1, expires_at = clock_timestamp()
    where name = %s"""

Make = Callable[..., Speaker]


def delivery(bridged: Any, message_id: str) -> dict[str, Any]:
    """Return how the only delivery of a message stands."""
    with bridged.new_client(authorization=f"Bearer {token('boss', 'admin')}") as client:
        head = client.get("/mas/api/v1/audit/head").json()["position"]
        answer = client.get(f"{API}/messages/{message_id}", params={"min_position": head})
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["deliveries"]
        stands: dict[str, Any] = found
        return stands


def until(look: Callable[[], object], wanted: str) -> None:
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, wanted
        time.sleep(0.02)


def epoch(bridged: Any) -> int | None:
    """Return the epoch of the bridge's lease on this node; None: it has none."""
    return next((each.epoch for each in bridged.system.leases.held if each.name == LEASE), None)


def test_a_bridge_that_loses_its_lease_takes_back_what_is_out(
    bridged: Any, speaker: Make, unique: str
) -> None:
    reader, writer = speaker(f"r-{unique}"), speaker(f"w-{unique}")
    reader.collect()
    writer.ask("send", to_agent=reader.name, message_type="n", payload=1, message_id=unique)
    first = reader.next("message")["data"]
    until(
        lambda: delivery(bridged, unique)["status"] == "delivered", "the log knows that it is out"
    )
    before = epoch(bridged)

    with psycopg.connect(bridged.system.stores.database.owner_url, autocommit=True) as connection:
        connection.execute(LOSE, (LEASE,))
    until(lambda: epoch(bridged) not in {None, before}, "the next leader")
    reader.collect()

    again = reader.next("message")["data"]
    assert (first["message_id"], again["message_id"]) == (unique, unique)
    assert "attempt" not in again
    assert reader.ask("ack", message_ids=[unique])["data"]["acknowledged"] == 1
    stands = delivery(bridged, unique)
    assert (stands["status"], stands["attempts"]) == ("acknowledged", 1)
    assert "reason" not in stands


def test_who_leaves_or_collects_anew_has_lost_what_was_out(
    bridged: Any, speaker: Make, unique: str
) -> None:
    reader, writer = speaker(f"r-{unique}"), speaker(f"w-{unique}")
    reader.collect()
    writer.ask("send", to_agent=reader.name, message_type="n", payload=1)

    attempts = [reader.next("message")["data"].get("attempt", 1)]
    reader.ask("collect", "anew")
    attempts.append(reader.next("message")["data"].get("attempt", 1))
    reader.ask("leave")
    reader.ask("collect", "again")
    attempts.append(reader.next("message")["data"].get("attempt", 1))

    assert attempts == [1, 2, 3]
