"""A place with nodes that may be killed; nothing of it outlives the test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aia_mas.application.embedded_postgres import EmbeddedPostgres

from .places import Place


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """An empty data directory and whatever nodes the test starts on it."""
    place = Place(tmp_path)
    yield place
    await place.close()
    if place.data_dir.exists() and not place.postgres_is_gone:
        # The guardian would stop it as well, some seconds later.
        async with EmbeddedPostgres(place.data_dir):
            pass
    assert place.postgres_is_gone
