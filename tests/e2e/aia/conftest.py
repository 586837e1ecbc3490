"""Programs that hold a system: nothing of the environment reaches it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aia.agents.communication_framework import EventDrivenCommunicationFramework


@pytest.fixture(scope="module", autouse=True)
def _no_settings_of_ours() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith(("MAS_", "REDIS_", "WEBSOCKET_")):
                environment.delenv(name)
        yield


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mas") / "data"


@pytest.fixture(scope="module")
async def framework(module_database: str) -> AsyncIterator[EventDrivenCommunicationFramework]:
    """A framework that tests share; they use ids of their own."""
    config = {"communication": {"backoff": 0}}
    async with EventDrivenCommunicationFramework(config, database_url=module_database) as framework:
        yield framework
