"""How a worker and its tasks end: cancelled, drained, stopped, replaced, locked out."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest

from aia.client import Context, Rejected, Replaced, ThreadContext, Unregistered, Worker

from .at_work import API, PATIENCE, Working, agent_of, done, events, happens, submit, until, working

SECRET = "a secret of 32 bytes, or some more"
LEEWAY = 5.0  # seconds by which the server may be late


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module()


class Held:
    """A worker whose handlers work until they are let go, in a coroutine and in a thread."""

    def __init__(self, agent_id: str, url: str, **more: Any) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.let_go = threading.Event()
        self.worker = Worker(agent_id, skills=[agent_id], url=url, concurrency=2, **more)
        self.worker.task("async")(self.in_a_coroutine)
        self.worker.task("thread")(self.in_a_thread)

    async def in_a_coroutine(self, ctx: Context, payload: Any) -> str:
        self.begun.append("async")
        try:
            while not self.let_go.is_set():
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled.append("async")
            raise
        return "done"

    def in_a_thread(self, ctx: ThreadContext, payload: Any) -> str:
        self.begun.append("thread")
        while not self.let_go.is_set():
            if ctx.wait(0.01):
                self.cancelled.append("thread")
                ctx.check()
        return "done"


@pytest.fixture
def held(node: Any, unique: str) -> Iterator[Held]:
    worker = Held(unique, node.url)
    yield worker
    worker.let_go.set()


def both_running(node: Any, worker: Held) -> list[str]:
    ids = [submit(node, worker.worker.agent_id, kind) for kind in ("async", "thread")]
    for task_id in ids:
        until(node, task_id, "running")
    return ids


def test_handlers_of_cancelled_tasks_are_told(node: Any, held: Held) -> None:
    with working(held.worker):
        for task_id in both_running(node, held):
            node.client.post(f"{API}/agents/tasks/{task_id}/cancel", json={"reason": "no more"})
            assert done(node, task_id)["status"] == "cancelled"
            assert "task.result_refused" not in events(node, task_id)
        # Their places are free again once the handlers have ended.
        both_running(node, held)
        assert sorted(held.cancelled) == ["async", "thread"]
        held.let_go.set()


def test_a_worker_that_is_stopped_finishes_what_it_has_and_takes_no_more(
    node: Any, held: Held
) -> None:
    with working(held.worker) as running:
        ids = both_running(node, held)
        running.stop()
        agent_id = held.worker.agent_id
        happens(lambda: agent_of(node, agent_id)["status"] == "draining", "the drain")
        late = submit(node, held.worker.agent_id, "async")
        held.let_go.set()
        assert running.ended() is None
    assert [done(node, task_id)["result"] for task_id in ids] == ["done", "done"]
    assert until(node, late, "queued")["attempt"] == 0
    # And the next run of it gets work again.
    with working(held.worker):
        assert done(node, late)["result"] == "done"


def test_a_drain_that_is_somebody_elses_is_left_alone(
    node: Any, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    agent_id = held.worker.agent_id
    with working(held.worker):
        held.let_go.set()
        assert done(node, submit(node, agent_id, "async"))["result"] == "done"
        node.client.post(f"{API}/agents/{agent_id}/drain", json={"reason": "maintenance"})
    running = Working(held.worker)
    try:
        waiting = submit(node, agent_id, "async")
        while not any("an operator activates it" in line for line in caplog.messages):
            assert running.alive
            assert agent_of(node, agent_id)["status"] == "draining"
        node.client.post(f"{API}/agents/{agent_id}/activate", json={})
        assert done(node, waiting)["result"] == "done"
    finally:
        running.stop()
        assert running.ended() is None


def test_a_worker_that_is_stopped_twice_gives_back_what_it_has(node: Any, held: Held) -> None:
    with working(held.worker) as running:
        ids = both_running(node, held)
        running.stop(times=2)
        assert running.ended() is None
    assert sorted(held.cancelled) == ["async", "thread"]
    for task_id in ids:
        task = until(node, task_id, "queued")
        assert (task["error"]["code"], task["error"]["retryable"]) == ("worker_stopped", True)


def test_what_is_not_finished_in_time_is_given_back(node: Any, unique: str) -> None:
    held = Held(unique, node.url, drain_seconds=0.1)
    with working(held.worker) as running:
        (task_id, _) = both_running(node, held)
        running.stop()
        assert running.ended() is None
    assert until(node, task_id, "queued")["error"]["code"] == "worker_stopped"


def test_a_handler_that_blocks_keeps_its_lease(node: Any, unique: str) -> None:
    worker = Worker(unique, skills=[unique], url=node.url)

    @worker.task("work")
    def blocks(ctx: ThreadContext, payload: Any) -> str:
        time.sleep(2.5)  # well beyond its lease, and nothing is reported meanwhile
        return "done"

    with working(worker):
        task = done(node, submit(node, unique, lease_seconds=1))
    assert (task["result"], task["attempt"]) == ("done", 1)


def test_the_newer_of_two_workers_serves_and_the_older_finishes(node: Any, unique: str) -> None:
    older, newer = Held(unique, node.url), Held(unique, node.url)
    first = Working(older.worker)
    ids = both_running(node, older)
    with working(newer.worker):
        newer.let_go.set()
        older.let_go.set()
        assert isinstance(first.ended(), Replaced)
        # It has delivered what it had begun, and the newer one has begun none of it.
        assert [done(node, task_id)["result"] for task_id in ids] == ["done", "done"]
        assert newer.begun == []
        assert done(node, submit(node, unique, "async"))["result"] == "done"
        assert newer.begun == ["async"]
    assert agent_of(node, unique)["status"] == "draining"  # by the newer one's end


def test_the_older_of_two_workers_keeps_its_leases(node: Any, unique: str) -> None:
    older, newer = Worker(unique, skills=[unique], url=node.url), Held(unique, node.url)
    replaced = threading.Event()

    @older.task("thread")
    def works(ctx: ThreadContext, payload: Any) -> Any:
        assert replaced.wait(PATIENCE)
        time.sleep(2.5)  # well beyond the lease
        ctx.progress(50, "half")
        ctx.log("and a line")
        return ctx.ask("Go on?")

    first = Working(older)
    task_id = submit(node, unique, "thread", lease_seconds=1)
    until(node, task_id, "running")
    with working(newer.worker):
        newer.let_go.set()
        assert done(node, submit(node, unique, "async"))["result"] == "done"
        replaced.set()
        until(node, task_id, "input_required")
        node.client.post(f"{API}/agents/tasks/{task_id}/input", json={"answer": "yes"})
        assert isinstance(first.ended(), Replaced)
        task = done(node, task_id)
        assert (task["result"], task["attempt"]) == ("yes", 1)
        assert (task["progress"]["percent"], task["progress"]["log"]) == (50, ["and a line"])


def test_an_agent_that_was_unregistered_has_no_worker(node: Any, held: Held) -> None:
    agent_id = held.worker.agent_id
    running = Working(held.worker)
    both_running(node, held)
    node.client.delete(f"{API}/agents/{agent_id}")
    assert isinstance(running.ended(), Unregistered)
    assert sorted(held.cancelled) == ["async", "thread"]


PROGRAM = """
import sys, time
from aia.client import Worker
worker = Worker(sys.argv[1], skills=[sys.argv[2]], url=sys.argv[3])
@worker.task("work")
def work(ctx, payload):
    print("begun", flush=True)
    time.sleep(0.5)
    return sys.argv[1]
worker.run()
"""


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()


def test_a_worker_that_slept_beyond_its_lease_delivers_nothing(node: Any, unique: str) -> None:
    with program(f"{unique}-sleeper", unique, node.url) as sleeper:
        assert sleeper.stdout is not None
        task_id = submit(node, unique, lease_seconds=1)
        assert sleeper.stdout.readline() == "begun\n"
        sleeper.send_signal(signal.SIGSTOP)
        other = Worker(f"{unique}-other", skills=[unique], url=node.url)

        @other.task("work")
        async def work(ctx: Context, payload: Any) -> str:
            return ctx.task.lease

        with working(other):
            task = done(node, task_id)
            sleeper.send_signal(signal.SIGCONT)
            # It goes on where it was, finds that the task is not its any more, and takes the next.
            node.client.post(f"{API}/agents/{unique}-other/drain", json={})
            assert done(node, submit(node, unique))["result"] == f"{unique}-sleeper"
        assert sleeper.stdout.readline() == "begun\n"
        sleeper.terminate()
        assert sleeper.wait(PATIENCE) == 0
    after = done(node, task_id)
    assert (after["result"], after["attempt"]) == (task["result"], task["attempt"])
    assert after["agent_id"] == f"{unique}-other"
    told = events(node, task_id)
    assert told.count("task.completed") == 1
    assert "task.released" in told or "task.lease_expired" in told


def token(agent_id: str, seconds: float) -> str:
    claims = {"sub": agent_id, "roles": ["agent"], "exp": time.time() + seconds}
    return jwt.encode(claims, SECRET, "HS256")


@pytest.fixture(scope="module")
def locked(start_for_module: Callable[..., Any]) -> Any:
    """A node that asks for tokens; its client is an admin."""
    node = start_for_module(jwt_secret=SECRET)
    claims = {"sub": "root", "roles": ["admin"], "exp": time.time() + 3600}
    node.client.headers["authorization"] = f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"
    return node


def test_a_token_that_expires_is_replaced_by_a_fresh_one(locked: Any, unique: str) -> None:
    given: list[str] = []

    def fresh() -> str:
        given.append(token(unique, 1.5 - LEEWAY))
        return given[-1]

    held = Held(unique, locked.url, token=fresh)
    with working(held.worker):
        ids = both_running(locked, held)
        connected = len(given)
        # It comes back by itself when the socket has ended.
        happens(lambda: len(given) > connected, "another token")
        held.let_go.set()
        assert [done(locked, task_id)["result"] for task_id in ids] == ["done", "done"]
    assert sorted(held.begun) == ["async", "thread"]
    assert agent_of(locked, unique)["status"] == "draining"


def test_a_worker_whose_only_token_expires_ends(locked: Any, unique: str) -> None:
    running = Working(Worker(unique, url=locked.url, token=token(unique, 1.5 - LEEWAY)))
    error = running.ended()
    assert isinstance(error, Rejected)
    assert error.code == "token_expired"


@pytest.mark.parametrize(
    ("bearer", "code"),
    [("no token", "invalid_token"), (token("somebody-else", 3_600), "permission_denied")],
)
def test_a_worker_that_may_not_act_for_the_agent_ends(
    locked: Any, unique: str, bearer: str, code: str
) -> None:
    error = Working(Worker(unique, url=locked.url, token=bearer)).ended()
    assert isinstance(error, Rejected)
    assert error.code == code
