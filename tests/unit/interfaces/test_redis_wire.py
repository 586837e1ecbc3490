"""The way out of the Redis bridge: bounded, in order, and what reaches nobody is given back."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from aia_mas.interfaces.redis_bridge.same_redis import RedisRestarted, SameRedis
from aia_mas.interfaces.redis_bridge.wire import Lost, Parcel, Wire


class Listening:
    """A Redis, as far as what is published there is concerned.

    Attributes:
        published: What was, in order.
        listeners: How many listen to a channel; an error: it may not be published to.
        away: It cannot be reached.
        run: Which run of it this is.
        open: It takes something; else who publishes waits.
    """

    def __init__(self) -> None:
        self.published: list[bytes] = []
        self.listeners: dict[str, int | Exception] = {}
        self.away = False
        self.run = "one"
        self.open = asyncio.Event()
        self.open.set()

    async def info(self, _section: str) -> dict[str, str]:
        return {"run_id": self.run}

    def pipeline(self, *, transaction: bool) -> Pipeline:
        assert not transaction
        return Pipeline(self)


class Pipeline:
    """Some commands in one go."""

    def __init__(self, redis: Listening) -> None:
        self._redis = redis
        self._commands: list[tuple[str, bytes]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def publish(self, channel: str, payload: bytes) -> None:
        self._commands.append((channel, payload))

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        assert not raise_on_error
        await self._redis.open.wait()
        if self._redis.away:
            raise RedisConnectionError
        self._redis.published += [payload for _, payload in self._commands]
        return [self._redis.listeners.get(channel, 1) for channel, _ in self._commands]


class Sent:
    """Parcels, and what became of them."""

    def __init__(self) -> None:
        self.lost: list[tuple[bytes, Lost]] = []

    def parcel(self, payload: bytes, channel: str = "c") -> Parcel:
        return Parcel(channel, payload, lambda why: self.lost.append((payload, why)))


@pytest.fixture
def redis() -> Listening:
    return Listening()


@pytest.fixture
def sent() -> Sent:
    return Sent()


async def run(wire: Wire, redis: Any) -> asyncio.Task[None]:
    same = SameRedis(redis)
    await same.begin()
    return asyncio.create_task(wire.run(redis, same))


async def at_rest() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_everything_is_published_in_order(redis: Listening) -> None:
    wire = Wire()
    wanted = [b"%d" % number for number in range(1_000)]
    running = await run(wire, redis)
    for payload in wanted:
        wire.publish(Parcel("c", payload))
    await at_rest()

    assert redis.published == wanted
    assert wire.sent == 1_000
    running.cancel()


async def test_whoever_has_more_to_say_waits_until_there_is_room(redis: Listening) -> None:
    wire = Wire()
    redis.open.clear()
    running = await run(wire, redis)
    for _ in range(40):
        wire.publish(Parcel("c", b"x" * 2**20))
    waiting = asyncio.create_task(wire.has_room())
    await at_rest()
    assert wire.is_full
    assert not waiting.done()

    redis.open.set()
    await at_rest()
    assert waiting.done()
    assert not wire.is_full
    assert len(redis.published) == 40
    running.cancel()


async def test_what_nobody_hears_is_told_apart_from_what_was_not_sent(
    redis: Listening, sent: Sent
) -> None:
    wire = Wire()
    redis.listeners = {"nobody": 0, "forbidden": ResponseError("NOPERM")}
    running = await run(wire, redis)
    for channel in ("somebody", "nobody", "forbidden"):
        wire.publish(sent.parcel(channel.encode(), channel))
    await at_rest()
    assert sent.lost == [(b"nobody", Lost.UNHEARD), (b"forbidden", Lost.UNHEARD)]

    sent.lost.clear()
    redis.away = True
    wire.publish(sent.parcel(b"on its way"))
    with pytest.raises(RedisConnectionError):
        await running
    wire.publish(sent.parcel(b"behind it"))
    wire.clear()
    assert sent.lost == [(b"on its way", Lost.UNSENT), (b"behind it", Lost.UNSENT)]


async def test_a_redis_that_was_started_again_has_heard_nothing(
    redis: Listening, sent: Sent
) -> None:
    wire = Wire()
    running = await run(wire, redis)
    redis.listeners, redis.run = {"c": 0}, "two"
    wire.publish(sent.parcel(b"said to nobody"))

    with pytest.raises(RedisRestarted):
        await running
    assert sent.lost == [(b"said to nobody", Lost.UNSENT)]
