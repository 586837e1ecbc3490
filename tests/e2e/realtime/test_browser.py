"""A page in a real browser: it is told what happens, loses its node, and goes on where it was."""

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.sync_api import Page, sync_playwright

from aia_mas.interfaces.listening import PortUnavailable

from .agents_at_work import API

PAGE = Path(__file__).with_name("page.html").read_bytes()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECRET = "a-secret-of-thirty-two-characters-or-more"
PATIENCE_MS = 60_000


class Handler(BaseHTTPRequestHandler):
    """Serves the page, whatever is asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[str]:
    """A web server with the page; its origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def browser() -> str:
    """Where a browser is (``.ci/run`` installs one where it can)."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium or Chrome on this machine")
    return found


@pytest.fixture
def browse(browser: str) -> Callable[[Callable[[Page], None]], None]:
    """Does something with a page; in a thread, because this one may have an event loop at work."""

    def work(visit: Callable[[Page], None]) -> None:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=options)
            try:
                page = chromium.new_page()
                page.set_default_timeout(PATIENCE_MS)
                visit(page)
            finally:
                chromium.close()

    def in_a_thread(visit: Callable[[Page], None]) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(work, visit).result()

    return in_a_thread


@pytest.fixture
def restart() -> Iterator[Callable[..., Any]]:
    """Ends a node and starts it again on the same port."""
    started: list[Any] = []

    def again(node: Any) -> Any:
        port = int(node.url.rpartition(":")[2])
        node.stop()
        started.append(type(node)(node.system.settings, port=port))
        return started[-1]

    yield again
    for node in started:
        node.stop()


def on_a_stable_port(node: Any) -> Any:
    """Start a node once more, on a port that the browser does not get while it tries again."""
    for port in random.sample(range(16_000, 32_000), 50):
        try:
            return type(node)(node.system.settings, port=port)
        except PortUnavailable:
            continue
    raise AssertionError("no port is free")


@pytest.mark.parametrize("list_id", ["socket", "stream"])
def test_a_page_is_told_everything_over_a_restart_of_the_node(
    start_node: Callable[..., Any],
    restart: Callable[..., Any],
    browse: Callable[[Callable[[Page], None]], None],
    list_id: str,
) -> None:
    with site() as ours, site() as foreign:
        keys = {"jwt_secret": SECRET, "cors_origins": (ours,)} if list_id == "socket" else {}
        claims = {"sub": "ann", "roles": ["admin"], "exp": time.time() + 600}
        token = jwt.encode(claims, SECRET, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}"} if keys else {}
        first = start_node(**keys)
        node = on_a_stable_port(first)
        first.stop()

        def submit() -> int:
            body = {"task_type": "shown", "requirements": {"skills": ["nobody-has-it"]}}
            answer = node.client.post(f"{API}/agents/tasks/submit", json=body, headers=headers)
            assert answer.status_code == 201, answer.text
            return int(answer.headers["x-event-position"])

        def watch(page: Page) -> None:
            if list_id == "socket":
                url = node.url.replace("http", "ws", 1) + f"{API}/agents/ws/frontend/page"
                page.evaluate("([url, token]) => watchSocket(url, token)", [url, token])
            else:
                url = f"{node.url}{API}/stream?topic=tasks"
                page.evaluate("url => watchStream(url)", url)

        def visit(page: Page) -> None:
            nonlocal node
            state, items = page.locator(f"#{list_id}-state"), page.locator(f"#{list_id} li")
            if keys:
                page.goto(foreign)
                watch(page)
                # A browser tells a page nothing more about a handshake that was refused.
                page.get_by_text("closed 1006").wait_for()
            page.goto(ours)
            watch(page)
            page.get_by_text("live").wait_for()
            before = [submit() for _ in range(5)]
            page.locator(f"#{list_id} li[data-position='{before[-1]}']").wait_for()
            node = restart(node)
            missed = [submit() for _ in range(5)]
            page.locator(f"#{list_id} li[data-position='{missed[-1]}']").wait_for()
            assert state.text_content() == "resumed"
            after = submit()
            page.locator(f"#{list_id} li[data-position='{after}']").wait_for()
            shown = items.evaluate_all("items => items.map(item => Number(item.dataset.position))")
            assert shown == [*before, *missed, after]

        browse(visit)


@pytest.mark.parametrize("list_id", ["mailbox", "inbox"])
def test_a_page_gets_its_messages_over_a_restart_of_the_node(
    start_node: Callable[..., Any],
    restart: Callable[..., Any],
    browse: Callable[[Callable[[Page], None]], None],
    list_id: str,
) -> None:
    with site() as ours:
        keys = {"jwt_secret": SECRET, "cors_origins": (ours,)} if list_id == "mailbox" else {}
        claims = {"sub": "ann", "exp": time.time() + 600}
        own = jwt.encode({**claims, "roles": ["client"]}, SECRET, algorithm="HS256")
        admin = jwt.encode({**claims, "roles": ["admin"]}, SECRET, algorithm="HS256")
        headers = {"Authorization": f"Bearer {admin}"} if keys else {}
        first = start_node(**keys)
        node = on_a_stable_port(first)
        first.stop()

        def send(*numbers: int) -> None:
            for number in numbers:
                message = {"to_agent": "ann", "from_agent": "bob", "message_type": "t"}
                path = f"{API}/communication/messages/send"
                answer = node.client.post(
                    path, json={**message, "payload": number}, headers=headers
                )
                assert answer.status_code == 201, answer.text

        def visit(page: Page) -> None:
            nonlocal node
            items = page.locator(f"#{list_id} li")

            def shown(number: int) -> None:
                page.locator(f"#{list_id} li[data-number='{number}']").wait_for()

            page.goto(ours)
            if list_id == "mailbox":
                url = node.url.replace("http", "ws", 1) + f"{API}/communication/ws/ann"
                page.evaluate("([url, token]) => readMailbox(url, token)", [url, own])
            else:
                url = f"{node.url}{API}/communication/agents/ann/inbox"
                page.evaluate("url => readInbox(url)", url)
            page.get_by_text("0 waiting").wait_for()
            send(0, 1, 2)
            shown(2)
            page.get_by_text("acknowledged").first.wait_for()
            node = restart(node)
            send(3, 4)
            shown(4)
            numbers = items.evaluate_all("items => items.map(item => Number(item.dataset.number))")
            assert numbers == [0, 1, 2, 3, 4]
            left = f"{API}/communication/agents/ann/inbox/peek"
            while node.client.get(left, headers=headers).json()["total"]:
                page.wait_for_timeout(50)

        browse(visit)
