"""A system in memory for tests about messages, which leaves the logs as they were."""

from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from aia.testing import InMemoryMas


@pytest.fixture
def logs_as_they_were() -> Iterator[None]:
    before = structlog.get_config() if structlog.is_configured() else None
    yield
    structlog.reset_defaults()
    if before is not None:
        structlog.configure(**before)


@pytest.fixture
async def mas(logs_as_they_were: None) -> AsyncIterator[InMemoryMas]:
    async with InMemoryMas(seed=1) as system:
        yield system
