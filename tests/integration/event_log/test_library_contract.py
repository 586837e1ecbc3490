"""The recorder test cases that the eventsourcing library ships, over both of our logs."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from eventsourcing.tests import persistence as library

from aia_mas.application.event_log.library_recorder import (
    LibraryAggregateRecorder,
    LibraryApplicationRecorder,
    LibraryProcessRecorder,
    LibraryTrackingRecorder,
    OpaqueMapper,
)
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog

Recorder = Callable[[type[LibraryAggregateRecorder]], LibraryAggregateRecorder]


class _LogThread:
    """Runs a log on an event loop of its own, as a synchronous program would."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.log: EventLog = self.call(self._start(make))

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def _start(self, make: Callable[[], Any]) -> EventLog:
        started: asyncio.Future[EventLog] = self.loop.create_future()
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._run(make(), started))
        return await started

    async def _run(self, log: Any, started: "asyncio.Future[EventLog]") -> None:
        context: AbstractAsyncContextManager[EventLog] = log.running()
        async with context:
            started.set_result(log)
            await self._stop.wait()

    def close(self) -> None:
        # Readers of the library's cases end by themselves, but after the cases that started them.
        for thread in threading.enumerate():
            if "read_continuously" in thread.name:
                thread.join(30)

        async def stop() -> None:
            self._stop.set()
            await self._task

        self.call(stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(params=["postgres", "memory"])
def recorder(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """Makes recorders over a fresh log."""

    def make() -> Any:
        if request.param == "memory":
            return MemoryEventLog(OpaqueMapper())
        return PostgresEventLog(request.getfixturevalue("database"), OpaqueMapper())

    if request.param == "postgres":
        request.getfixturevalue("database")
    thread = _LogThread(make)
    yield lambda cls: cls(thread.log, thread.loop)
    thread.close()


def _run(case: type[Any], method: str, recorder: Recorder, cls: type[Any]) -> None:
    """Run one method of a library test case against our recorder."""

    class Case(case):  # type: ignore[misc]
        def create_recorder(self) -> Any:
            return recorder(cls)

        def runTest(self) -> None:  # noqa: N802 - unittest's name
            getattr(self, method)()

    result = Case().run()
    problems = [text for _, text in (*result.errors, *result.failures)]
    assert result.testsRun == 1
    assert not problems, problems[0]


@pytest.mark.parametrize("method", ["test_insert_and_select", "test_performance"])
def test_aggregate_recorder(method: str, recorder: Recorder) -> None:
    _run(library.AggregateRecorderTestCase, method, recorder, LibraryAggregateRecorder)


@pytest.mark.parametrize(
    "method",
    [
        "test_insert_select",
        "test_performance",
        "test_concurrent_no_conflicts",
        "test_concurrent_throughput",
        "optional_test_insert_subscribe",
    ],
)
def test_application_recorder(method: str, recorder: Recorder) -> None:
    _run(library.ApplicationRecorderTestCase, method, recorder, LibraryApplicationRecorder)


@pytest.mark.parametrize("method", ["test_insert_tracking", "test_wait"])
def test_tracking_recorder(method: str, recorder: Recorder) -> None:
    _run(library.TrackingRecorderTestCase, method, recorder, LibraryTrackingRecorder)


@pytest.mark.parametrize(
    "method",
    [
        "test_insert_select",
        "test_has_tracking_id",
        "test_raises_when_lower_inserted_later",
        "test_performance",
    ],
)
def test_process_recorder(method: str, recorder: Recorder) -> None:
    _run(library.ProcessRecorderTestCase, method, recorder, LibraryProcessRecorder)


def test_notification_ids_do_not_interleave(recorder: Recorder) -> None:
    _run(
        library.NonInterleavingNotificationIDsBaseCase,
        "test",
        recorder,
        LibraryApplicationRecorder,
    )


def test_no_method_of_a_library_case_is_left_out() -> None:
    ours = {
        library.AggregateRecorderTestCase: 2,
        library.ApplicationRecorderTestCase: 5,
        library.TrackingRecorderTestCase: 2,
        library.ProcessRecorderTestCase: 4,
        library.NonInterleavingNotificationIDsBaseCase: 1,
    }
    for case, count in ours.items():
        methods = [name for name in dir(case) if name.startswith(("test", "optional_test"))]
        assert len(methods) == count, methods
