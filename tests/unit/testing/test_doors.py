"""What a test gets hold of: clients of any make, streams, keys, the log, events of before."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest

from aia.client import NotAuthenticated, PermissionDenied
from aia.testing import InMemoryMas, NeverAtRest, rest
from aia_mas.application.settings import SettingsError
from aia_mas.domain.orchestration.agent_events import AgentWentOffline

KEY = "a secret that only tests know, long enough"


async def test_any_http_client_can_talk_to_it(mas: InMemoryMas) -> None:
    async with httpx.AsyncClient(base_url="http://localhost", transport=mas.transport()) as client:
        health = (await client.get("/mas/health")).json()
        assert (health["status"], health["database"]["kind"]) == ("ok", "memory")
        assert (await client.get("/metrics")).text.startswith("# HELP")
        assert (await client.get("/openapi.json")).json()["openapi"].startswith("3.")
        assert (await client.get("/nothing")).status_code == 404
    await mas.client.metrics.system()


async def until(lines: AsyncIterator[str], word: str) -> AsyncIterator[str]:
    """Yield lines up to the first one that holds a word."""
    async for line in lines:
        yield line
        if word in line:
            return
    raise AssertionError(f"the stream ended without {word}")


async def test_a_stream_tells_what_happens(mas: InMemoryMas) -> None:
    async with (
        httpx.AsyncClient(base_url="http://localhost", transport=mas.transport()) as client,
        client.stream("GET", "/mas/api/v1/stream", params={"topic": "agents"}) as answer,
    ):
        lines = answer.aiter_lines()
        await mas.register_agent("a1")
        assert answer.status_code == 200
        seen = [line async for line in until(lines, "registered")]
        assert seen
    # Left in the middle, it does not go on.
    await mas.rest()
    assert not mas.system.hub.connections


async def test_with_keys_everybody_needs_a_token() -> None:
    async with InMemoryMas(config={"server": {"jwt_secret": KEY}}) as mas:
        with pytest.raises(NotAuthenticated):
            await mas.client.agents.list()
        claims = {"sub": "alice", "roles": ["viewer"], "exp": time.time() + 600}
        alice = await mas.connect(token=jwt.encode(claims, KEY))
        assert (await alice.agents.list()).items == []
        with pytest.raises(PermissionDenied):
            await alice.agents.register("a1")


async def test_bad_settings_are_told() -> None:
    with pytest.raises(SettingsError):
        InMemoryMas(config={"orchestration": {"no_such_thing": 1}})


async def test_events_of_before_can_be_given(mas: InMemoryMas) -> None:
    await mas.register_agent("a1")
    await mas.given("agent/a1", AgentWentOffline(last_seen=mas.now(), at=mas.now()))
    assert not (await mas.client.agents.get("a1")).online
    await mas.client.agents.heartbeat("a1")
    assert [type(event).__name__ for event in mas.events_of("agent")] == [
        *("AgentRegistered", "AgentWentOffline", "AgentCameOnline"),
    ]


async def test_what_happened_in_one_system_can_be_given_to_another(mas: InMemoryMas) -> None:
    async with InMemoryMas(seed=2) as other:
        await other.register_agent("a1", skills={"sum": 1.0})
        [registered] = other.events_of("agent/a1")
    before = (await mas.log.head()).position
    assert await mas.given("agent/a1", registered) == before + 1
    assert (await mas.submit_task("sum", requirements={"skills": ["sum"]})).agent_id == "a1"


async def test_what_goes_round_without_an_end_is_told(
    mas: InMemoryMas, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    async def busy() -> None:
        while True:
            await asyncio.sleep(0)

    monkeypatch.setattr(rest, "MOST_ROUNDS", 1_000)
    going = asyncio.create_task(busy())
    with pytest.raises(NeverAtRest):
        await mas.rest()
    going.cancel()
    await mas.rest()


async def test_several_systems_know_nothing_of_each_other(mas: InMemoryMas) -> None:
    async with InMemoryMas(seed=2) as other:
        await mas.register_agent("a1")
        assert (await other.client.agents.list()).items == []
        await other.advance(minutes=1)
        assert mas.now() < other.now()


async def test_endpoints_of_agents_are_not_called(mas: InMemoryMas) -> None:
    await mas.client.agents.put("hooked", endpoint="https://agent.example/", skills={"x": 1.0})

    state = await mas.client.agents.webhook("hooked")

    assert (state.state, state.last_delivery) == ("enabled", None)
    assert "webhooks" not in await mas.system.stores.leaders()
