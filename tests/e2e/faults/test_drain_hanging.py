"""The end of a node whose database is there and does not answer: in time, and nothing is lost."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from .aftermath import aftermath
from .firm import SUBMIT, order
from .places import Place
from .waiting import happens

DRAIN = 3
"""Seconds for pending work."""
WITHIN = 10.0
"""Seconds from the signal to the end; of these two and those of the drain are promised."""
DATABASE = 6
"""The exit code of a node that had no answer of its database."""
CLIENTS = 4


def family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


@contextmanager
def hanging(place: Place, *, only_first: bool = False) -> Iterator[None]:
    """Have the processes of the database server, or its first one alone, do nothing meanwhile."""
    first = place.postgres
    assert first is not None
    stopped = [first] if only_first else family(first)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(stopped):
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue


class Clients:
    """Clients that submit until nobody is there any more.

    Attributes:
        go_on: Whether they submit more.
        ended: How many have ended.
        accepted: Key -> the task that was acknowledged.
        outcomes: Codes of refusals, and how often they came.
    """

    def __init__(self, url: str) -> None:
        self.go_on = True
        self.ended = 0
        self.accepted: dict[str, str] = {}
        self.outcomes: Counter[str] = Counter()
        self._url = url

    async def run(self) -> None:
        """Submit without a pause."""
        async with anyio.create_task_group() as tasks:
            for number in range(CLIENTS):
                tasks.start_soon(self._submit, number)

    async def _submit(self, client: int) -> None:
        async with httpx.AsyncClient(timeout=60, trust_env=False, verify=False) as http:
            number = 0
            while self.go_on:
                number += 1
                key = f"{client}-{number}"
                url, headers = self._url + SUBMIT, {"Idempotency-Key": key}
                try:
                    got = await http.post(url, json=order(number, "work"), headers=headers)
                except httpx.TransportError:
                    break
                if got.status_code == 201:
                    self.accepted[key] = got.json()["task_id"]
                else:
                    self.outcomes[got.json()["code"]] += 1
        self.ended += 1


async def check_nothing_is_lost(place: Place, clients: Clients) -> None:
    """Look into the log for what was acknowledged, once the database has ended."""
    # The server goes on, and its guardian ends it: nobody is left.
    await happens(lambda: place.postgres_is_gone, "the end of the database")
    async with aftermath(place.data_dir) as left:
        commands = left.history.by_command()
        for key, task in clients.accepted.items():
            (event,) = commands[f"http:dev:{key}"]
            assert event.stream == f"task/{task}"


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
async def test_a_node_ends_in_time_though_its_database_hangs(place: Place, busy: bool) -> None:
    node = await place.start({"MAS_DRAIN_TIMEOUT": str(DRAIN)})
    clients = Clients(node.url)
    answers: list[httpx.Response] = []
    sent: list[str] = []

    async def note(event: str, _: object) -> None:
        if event == "http11.send_request_body.complete":
            sent.append(event)

    async def read() -> None:
        """Ask what only the database knows."""
        async with httpx.AsyncClient(timeout=60, trust_env=False, verify=False) as http:
            url = f"{node.url}/audit/events"
            answers.append(await http.get(url, extensions={"trace": note}))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clients.run)
        await happens(lambda: len(clients.accepted) >= 50, "submissions")
        clients.go_on = busy
        if not busy:
            await happens(lambda: clients.ended == CLIENTS, "a pause")
        with hanging(place):
            if busy:
                tasks.start_soon(read)
                await happens(lambda: sent, "a request")
                async with httpx.AsyncClient(timeout=60, trust_env=False, verify=False) as http:
                    # It comes later and waits for nothing, so the other has been taken up.
                    assert (await http.get(f"{node.root}/mas/health/live")).status_code == 200
            began = time.monotonic()
            node.signal(signal.SIGTERM)
            code = await node.ended()
            took = time.monotonic() - began
    assert code == DATABASE, node.words
    assert took < WITHIN
    (line,) = [line for line in node.words.splitlines() if line.startswith("mas: ")]
    assert line.startswith("mas: stopped without the database, which does not answer: "), node.words
    assert node.complaints() == []
    if busy:
        assert {(each.status_code, each.json()["code"]) for each in answers} == {
            (503, "database_unavailable")
        }
        assert clients.outcomes.keys() <= {"event_log_unavailable", "shutting_down"}
        assert clients.outcomes["event_log_unavailable"] >= 1

    await check_nothing_is_lost(place, clients)


async def test_a_database_that_takes_no_new_connections_does_not_hold_the_end_up(
    place: Place,
) -> None:
    node = await place.start({"MAS_DRAIN_TIMEOUT": str(DRAIN)})
    clients = Clients(node.url)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clients.run)
        await happens(lambda: len(clients.accepted) >= 50, "submissions")
        with hanging(place, only_first=True):
            began = time.monotonic()
            node.signal(signal.SIGTERM)
            code = await node.ended()
            took = time.monotonic() - began
    assert code == DATABASE, node.words
    assert took < WITHIN
    (line,) = [line for line in node.words.splitlines() if line.startswith("mas: ")]
    assert line == "mas: the database does not end; stopped without waiting for it"
    assert clients.outcomes.keys() <= {"shutting_down"}

    await check_nothing_is_lost(place, clients)
