"""What benchmarks share: a loop in a thread, a fresh server, the table of figures at the end."""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvloop

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.migrations import migrate

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Figure(NamedTuple):
    """One line of the report; a target is a bound on ``value``."""

    what: str
    value: str
    target: str
    detail: str


FIGURES = pytest.StashKey[list[Figure]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Adds a line to the report."""

    def add(what: str, value: str, target: str = "", detail: str = "") -> None:
        request.config.stash[FIGURES].append(Figure(what, value, target, detail))

    return add


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    figures = config.stash[FIGURES]
    if not figures:
        return
    terminalreporter.section("figures")
    terminalreporter.write_line("| what | measured | at least / at most | detail |")
    terminalreporter.write_line("|---|---|---|---|")
    for figure in figures:
        terminalreporter.write_line("| " + " | ".join(figure) + " |")


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """Runs a coroutine on one event loop (uvloop, as the server does) and returns its result."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(600)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def collector() -> Iterator[None]:
    """Puts the garbage collector back as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.fixture
def database(run: Run, tmp_path: Path) -> Iterator[str]:
    """A server of its own, tuned and durable as in the product, with a migrated database."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    run(server.start())
    run(migrate(server.owner_url))
    yield server.owner_url
    run(server.stop())
