"""The nodes that run in this process, so that the components of a program share one.

A node has a thread and an event loop of its own. A program that keeps its own loop busy for seconds
then costs no lease and no heartbeat of other nodes' making, and one that ends without stopping us
is drained all the same: its loop cancels whatever runs in it, in no order.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

import structlog
from msgspec.structs import replace

from aia_mas.application.settings import Settings, without_password
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.interfaces.bootstrap import System

log = structlog.stdlib.get_logger("aia.agents")

_Result = TypeVar("_Result")


class Node:
    """A running system, used from any event loop of this process."""

    def __init__(self, settings: Settings, policies: tuple[Policy, ...] = ()) -> None:
        """Begin to start; ``started`` waits for it (``policies``: see ``System``)."""
        self.settings = settings
        self.policies = policies
        self.users = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready: Future[System] = Future()
        self._ended: Future[None] = Future()
        self._give_up = threading.Event()
        threading.Thread(target=self._live, name="aia-mas").start()

    @property
    def alive(self) -> bool:
        """Whether it is starting or running."""
        return not self._ended.done()

    async def started(self) -> None:
        """Return once it runs, or raise why it does not."""
        await asyncio.shield(asyncio.wrap_future(self._ready))

    async def call(self, work: Callable[[System], Awaitable[_Result]]) -> _Result:
        """Run something with the system, in its event loop.

        Raises:
            RuntimeError: It has ended.
        """
        return await asyncio.wrap_future(self._begun(work))

    def call_and_wait(self, work: Callable[[System], Awaitable[_Result]]) -> _Result:
        """Run something with the system and wait for it, whatever the caller's loop has to do.

        For what takes a moment, in functions that cannot await.

        Raises:
            RuntimeError: It has ended.
        """
        return self._begun(work).result()

    async def stop(self) -> None:
        """Drain and stop; raises what made the system fail, if something did."""
        self._ask_to_stop()
        await asyncio.shield(asyncio.wrap_future(self._ended))

    def _begun(self, work: Callable[[System], Awaitable[_Result]]) -> Future[_Result]:
        loop = self._loop
        if loop is None or not self.alive:
            raise RuntimeError("the system has ended")

        async def run() -> _Result:
            return await work(self._ready.result())

        return asyncio.run_coroutine_threadsafe(run(), loop)

    def _live(self) -> None:
        """Run the system; the whole life of the thread."""
        threading.Thread(target=self._outlive, name="aia-mas-end", daemon=True).start()
        try:
            asyncio.run(self._run())
        except BaseException as group:
            error = _only(group)
            if self._ready.done():
                log.error("system_failed", exc_info=error)  # noqa: TRY400 - without the groups
            else:
                self._ready.set_exception(error)
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)

    async def _run(self) -> None:
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        async with System(self.settings, policies=self.policies) as system:
            self._ready.set_result(system)
            if self._give_up.is_set():
                return
            ways_to_end = {
                asyncio.create_task(self._stopping.wait()),
                asyncio.create_task(system.ended()),
            }
            await asyncio.wait(ways_to_end, return_when=asyncio.FIRST_COMPLETED)

    def _outlive(self) -> None:
        """Stop when the program ends; the interpreter waits for our thread, which is no daemon."""
        threading.main_thread().join()
        self._ask_to_stop()

    def _ask_to_stop(self) -> None:
        self._give_up.set()
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None and self.alive:
            try:
                loop.call_soon_threadsafe(stopping.set)
            except RuntimeError:
                return  # it ended just now


# The one module-level state of the whole program: what runs, by the place of its data.
_nodes: dict[str, Node] = {}
_lock = threading.Lock()


async def join(settings: Settings, policies: tuple[Policy, ...] = ()) -> Node:
    """Return the node on the data that the settings name, having started it if need be.

    Raises:
        RuntimeError: It runs with other settings or policies.
    """
    settings = replace(settings, data_dir=settings.data_dir.resolve())
    place = _place(settings)
    with _lock:
        node = _nodes.get(place)
        if node is None or not node.alive:
            node = Node(settings, policies)
        elif node.settings != settings or node.policies != policies:
            raise RuntimeError(
                "a system with other settings or policies runs on"
                f" {_shown(settings)} in this program"
            )
        _nodes[place] = node
        node.users += 1
    try:
        await node.started()
    except BaseException:
        await leave(node, failed=True)
        raise
    return node


async def share() -> Node | None:
    """Return the node that this program started last and still uses, to be left; None: none is."""
    with _lock:
        alive = [node for node in _nodes.values() if node.alive]
        if not alive:
            return None
        node = alive[-1]
        node.users += 1
    try:
        await node.started()
    except BaseException:
        await leave(node, failed=True)
        raise
    return node


async def leave(node: Node, *, failed: bool = False) -> None:
    """Give up the use of a node; the last one to leave stops it (``failed``: it never started)."""
    place = _place(node.settings)
    with _lock:
        node.users -= 1
        if node.users > 0:
            return
        if _nodes.get(place) is node:
            del _nodes[place]
    try:
        await node.stop()
    except Exception:
        if not failed:
            raise


def current() -> Node:
    """Return the node that this program started last and still uses.

    Raises:
        RuntimeError: There is none.
    """
    with _lock:
        alive = [node for node in _nodes.values() if node.alive]
    if not alive:
        raise RuntimeError("no MultiAgentSystem runs in this program: start one first")
    return alive[-1]


def _place(settings: Settings) -> str:
    return settings.database_url or str(settings.data_dir)


def _shown(settings: Settings) -> str:
    """Return the place as it may be told: a database's URL may hold a password."""
    url = settings.database_url
    return str(settings.data_dir) if url is None else without_password(url)


def _only(error: BaseException) -> BaseException:
    """Return the one error that a group wraps, or the group."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
