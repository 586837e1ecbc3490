"""Claims: answered while the node serves, ended and refused once it stops."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from aia_mas.application.clock import SystemClock
from aia_mas.application.event_log.errors import LogClosed
from aia_mas.application.orchestration.claims import Claims

pytestmark = pytest.mark.anyio


@pytest.fixture
def claims() -> Claims:
    """Claims of agents that have no work."""
    log: Any = SimpleNamespace(feed=SimpleNamespace(listen=lambda _: None))
    workload: Any = SimpleNamespace(listen=lambda _: None, unstarted=lambda _: ())
    return Claims(log, workload, SystemClock())


async def test_a_claim_that_waits_is_answered_when_the_node_stops(claims: Claims) -> None:
    waiting = asyncio.create_task(claims.claim("a1", 1, 60.0))
    while not claims._waiting["a1"]:
        await asyncio.sleep(0)

    claims.close()

    async with asyncio.timeout(10):
        assert await waiting == []


@pytest.mark.parametrize("wait", [0.0, 60.0])
async def test_a_claim_that_comes_later_is_refused(claims: Claims, wait: float) -> None:
    claims.close()

    with pytest.raises(LogClosed):
        await claims.claim("a1", 1, wait)
