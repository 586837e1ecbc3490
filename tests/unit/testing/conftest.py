"""A system in memory for each test."""

from collections.abc import AsyncIterator

import pytest

from aia.testing import InMemoryMas


@pytest.fixture
async def mas() -> AsyncIterator[InMemoryMas]:
    async with InMemoryMas(start="2026-01-01T00:00:00Z", seed=1) as system:
        yield system
