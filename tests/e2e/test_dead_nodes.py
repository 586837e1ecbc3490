"""A node of these tests that dies fails whoever waits for it, at once and with the reason."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest


class Broken(Exception):
    """What ends the node."""


def test_nobody_waits_for_a_dead_node(
    start_node: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = start_node()

    async def broken() -> None:
        raise Broken

    async def die() -> None:
        monkeypatch.setattr(node.system.presence, "flush", broken)
        node.system._leaving.set()
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="ended by itself") as told:
        node.run(die())
    assert "Broken()" in repr(told.value.__cause__)
    with pytest.raises(RuntimeError, match="ended by itself"):
        node.run(die())
    with pytest.raises(httpx.TransportError):
        node.client.get("/mas/health")
    with pytest.raises(RuntimeError, match="ended by itself"):
        node.stop()
    node._failure = None  # it has been told; the fixture stops the node once more
