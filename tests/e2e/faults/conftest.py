"""A place with nodes that may be killed; nothing of it outlives the test."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aia_mas.application.embedded_postgres import EmbeddedPostgres

from ...databases import prepared_data_dir
from .places import Place


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that no node has used."""
    return prepared_data_dir(tmp_path_factory)


@pytest.fixture
async def place(tmp_path: Path, prepared: Path) -> AsyncIterator[Place]:
    """A data directory that no node has used, and whatever nodes the test starts on it."""
    place = Place(tmp_path)
    # Not by Python: as root, PostgreSQL runs as another user, whose files stay theirs.
    subprocess.run(["cp", "-a", prepared, place.data_dir], check=True)
    yield place
    await place.close()
    if place.data_dir.exists() and not place.postgres_is_gone:
        # The guardian would stop it as well, some seconds later.
        async with EmbeddedPostgres(place.data_dir):
            pass
    assert place.postgres_is_gone
