"""A node on a real PostgreSQL behind a real HTTP server, and a client of it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar
from uuid import uuid4

import anyio
import httpx
import pytest
import uvloop

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.settings import Settings
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http import queries
from aia_mas.interfaces.http.economy import governance
from aia_mas.interfaces.http.server import serve
from aia_mas.interfaces.listening import listen

from ..databases import new_database, shared_server
from .webhooks.receivers import Receiver

T = TypeVar("T")
API = "/mas/api/v1"
PATIENCE = 60.0  # seconds; only ever waited out when something is wrong


class Node:
    """A system and its HTTP server, in a thread with an event loop of their own.

    When it ends by itself its server is closed and what was asked of it fails, so that no test
    waits for one that is dead; ``run`` and ``stop`` tell why it ended.

    Attributes:
        url: Where it is served.
        system: The system; touch it with ``run`` only.
        client: A client without a token.
    """

    def __init__(
        self, settings: Settings, policies: Iterable[Policy] = (), *, port: int = 0
    ) -> None:
        self.system = System(settings, policies=policies)
        self._sockets = listen("127.0.0.1", port)
        self._up = threading.Event()
        self._failure: BaseException | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._live, name="node")
        self._thread.start()
        assert self._up.wait(PATIENCE), "it did not start"
        if self._failure is not None:
            for each in self._sockets:
                each.close()
            raise self._failure
        self.client = self.new_client()

    def new_client(self, **headers: str) -> httpx.Client:
        """Return a further client; headers are sent with every request."""
        # Without TLS no certificates are needed; to load them takes longer than most requests.
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, verify=False)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop of the node."""
        if not self._thread.is_alive():
            work.close()
            self._tell_failure()
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
        except CancelledError:
            # Its loop ends what is still under way when the node has ended.
            self._thread.join(PATIENCE)
            self._tell_failure()
            raise

    def lose_database(self) -> None:
        """Take its connections away; whoever wants one does not wait for long.

        Not by a setting: with so little patience a node may not start on a busy machine.
        """
        pool = self.system.log.pool
        pool.timeout = 0.5
        self.run(pool.close())

    def begin_stop(self) -> None:
        """Ask it to stop, as a signal would."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        """Stop it and wait until it has stopped."""
        self.client.close()
        if self._thread.is_alive():
            self.begin_stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it did not stop"
        self._tell_failure()

    def _tell_failure(self) -> None:
        if self._failure is not None:
            raise RuntimeError("the node has ended by itself") from self._failure

    def _live(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                self._loop = runner.get_loop()
                runner.run(self._serve())
        except BaseException as error:
            self._failure = error
            self._up.set()

    async def _serve(self) -> None:
        async with self.system:
            serving = asyncio.create_task(
                serve(self.system, stop=self._stop, sockets=self._sockets, ready=self._ready)
            )
            ended = asyncio.create_task(self.system.ended())
            await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                ended.cancel()
                await serving
            else:
                serving.cancel()
                await asyncio.wait({serving})
                await ended
                raise RuntimeError("it stopped, and nobody asked it to")

    def _ready(self, urls: Any) -> None:
        (self.url,) = urls
        self._up.set()


@pytest.fixture(scope="session", autouse=True)
def _own_writes_are_read() -> Iterator[None]:
    """Have reads wait for what their node has written, however busy the machine is.

    Whoever asks without a position gets what there is when that takes too long, half a second, and
    a test would not find what it has just made.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module in (queries, governance):
            patch.setattr(module, "COURTESY", PATIENCE / 2)
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The server of this run, shared by all workers; the last one to leave stops it."""
    with shared_server(tmp_path_factory) as server:
        yield server


async def has_begun(system: System) -> None:
    """Wait until the economy has begun: nothing more happens by itself then."""
    economy, feed = system.economy, system.log.feed
    with anyio.fail_after(PATIENCE):
        while not (await economy.standing.parameters()).revision or any(
            each.due(system.clock.now(), 1) for each in economy.fold.lists.values()
        ):
            await feed.wait(feed.position, 0.1)


@contextmanager
def running(
    postgres: EmbeddedPostgres, policies: Iterable[Policy] = (), **settings: Any
) -> Iterator[Node]:
    """A node on a database of its own."""
    with new_database(postgres) as url:
        node = Node(Settings(database_url=url, **settings), policies)
        try:
            node.run(has_begun(node.system))
            yield node
        finally:
            node.stop()


@pytest.fixture(scope="session")
def node(postgres: EmbeddedPostgres) -> Iterator[Node]:
    """A node in development mode that tests share; they use ids of their own."""
    with running(postgres) as shared:
        yield shared


@pytest.fixture(scope="module")
def module_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """An empty database for the tests of a module; its owner's URL."""
    with new_database(postgres) as url:
        yield url


@pytest.fixture
def start_node(postgres: EmbeddedPostgres) -> Iterator[Callable[..., Node]]:
    """Starts nodes with settings of their own; they end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(postgres, **settings))


@pytest.fixture(scope="module")
def start_for_module(postgres: EmbeddedPostgres) -> Iterator[Callable[..., Node]]:
    """Starts nodes with settings of their own; they end with the module."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(postgres, **settings))


@pytest.fixture(scope="session")
def start_for_session(postgres: EmbeddedPostgres) -> Iterator[Callable[..., Node]]:
    """Starts nodes with settings of their own that tests of several modules share."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(postgres, **settings))


@pytest.fixture
def client(node: Node) -> httpx.Client:
    """A client of the shared node."""
    return node.client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An endpoint of agents on this machine."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def unique() -> str:
    """A word that no other test uses."""
    return f"t{uuid4().hex[:12]}"
