"""What all tests share: the event loop they run on, generated examples, and marks by folder."""

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import folder_in_memory

TESTS = Path(__file__).parent
ROOT = TESTS.parent
MARK_OF_FOLDER = {
    "unit": pytest.mark.unit,
    "integration": pytest.mark.integration,
    "e2e": pytest.mark.e2e,
    "benchmarks": pytest.mark.bench,
}
LONGEST = ("unit/simulation", "e2e/faults", "e2e/cli")
"""Folders of the longest tests: begun last, they would be waited for when all others are done."""
REPEATING = {
    "test_simulation.py",
    "test_life.py",
    "test_many_stuck.py",
    "test_order_bound.py",
    "test_order_in_small_steps.py",
    "test_passed_over.py",
    "test_fold_steps.py",
    "test_replay.py",
}
"""Files that run what shorter tests cover, too, millions of times: their coverage is not measured,
which doubles their time, and on the newest Python they are only loaded."""

# Examples take as long as the machine lets them: a slow one is not a failure.
settings.register_profile("dev", deadline=None)
# The same examples on every run, so that a red CI is red again on the desk.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "thorough", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow]
)
# A tenth of that, for one more Python.
settings.register_profile(
    "brief", deadline=None, derandomize=True, print_blob=True, max_examples=10
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev")
settings.load_profile(PROFILE)
STORIES = {"thorough": 20.0, "brief": 0.1}
"""By how much the number of stories of each state machine is multiplied in a profile."""


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run coroutine tests and fixtures on plain asyncio, whose debug aids uvloop lacks."""
    return "asyncio", {"use_uvloop": False}


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by these marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test by its folder, so that none is forgotten; the longest ones come first."""
    if PROFILE == "brief":
        config.hook.pytest_deselected(items=[each for each in items if each.path.name in REPEATING])
        items[:] = [each for each in items if each.path.name not in REPEATING]
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0] if TESTS in item.path.parents else ""
        if mark := MARK_OF_FOLDER.get(folder):
            item.add_marker(mark)
    items.sort(key=_rank)
    if PROFILE in STORIES:
        for machine in {getattr(item, "cls", None) for item in items}:
            _multiply_stories(machine)


def _multiply_stories(machine: Any) -> None:
    """Have more or fewer stories made up of a state machine; more are other ones each time."""
    known = getattr(machine, "settings", None)
    # Those that say nothing themselves have as many as the profile says.
    if isinstance(known, settings) and known.max_examples != settings().max_examples:
        slow = HealthCheck.too_slow
        machine.settings = settings(
            known,
            max_examples=max(1, int(STORIES[PROFILE] * known.max_examples)),
            derandomize=PROFILE != "thorough",
            suppress_health_check=[*known.suppress_health_check, slow],
        )


def _rank(item: pytest.Item) -> int:
    """Return where the test stands; those of the same rank stay as they are."""
    path = item.path.relative_to(TESTS).as_posix() if TESTS in item.path.parents else ""
    return next((rank for rank, each in enumerate(LONGEST) if path.startswith(each)), len(LONGEST))


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Take a worker more than there are processors: half of the tests wait for something."""
    return (yield) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Measure no coverage of long tests.

    pytest-cov's own mark stops one of the two measurements that it starts in a worker.
    """
    tracer = sys.gettrace()
    if tracer is None or item.path.name not in REPEATING:
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


class RepositoryRoot:
    """Collects the repository root as a plain folder.

    Its __init__.py makes it the package `aia_mas`; pytest would load it again as a test package,
    under the name of the folder.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Dir | None:
        return pytest.Dir.from_parent(parent, path=path) if path == ROOT else None


def pytest_configure(config: pytest.Config) -> None:
    # Each node has a database of its own, a hundred thousand files in a run, and nothing that is
    # tested tells a disk from memory: processes are killed, never the machine. Speed is another
    # matter: that is measured on the disk.
    if config.getoption("markexpr") != "bench" and folder_in_memory.usable():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder_in_memory.FOLDER))
    # A plugin of its own: hooks of this file are not asked about folders above it.
    config.pluginmanager.register(RepositoryRoot())
