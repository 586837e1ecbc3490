"""The end of a node: asked for, everything is answered; killed, nothing is left running."""

import signal
import time
from collections import Counter

import anyio
import httpx

from .aftermath import aftermath
from .firm import SUBMIT, order
from .places import Place
from .sockets import dashboard
from .waiting import happens

WITHIN = 10.0  # seconds from the signal to the end
GUARDED_WITHIN = 60.0  # seconds from the death of the last node to that of the database
CLIENTS = 8


class Clients:
    """Clients that submit until nobody is there any more.

    Attributes:
        accepted: Key -> the task that was acknowledged.
        refused: Keys that were answered with a refusal.
        outcomes: How often what came.
    """

    def __init__(self, url: str) -> None:
        self.accepted: dict[str, str] = {}
        self.refused: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        self._url = url

    async def run(self) -> None:
        """Submit without a pause."""
        async with anyio.create_task_group() as tasks:
            for number in range(CLIENTS):
                tasks.start_soon(self._submit, number)

    async def _submit(self, client: int) -> None:
        async with httpx.AsyncClient(timeout=30, trust_env=False, verify=False) as http:
            for number in range(1_000_000):
                key = f"{client}-{number}"
                try:
                    got = await http.post(
                        self._url + SUBMIT,
                        json=order(number, "work"),
                        headers={"Idempotency-Key": key},
                    )
                except httpx.ConnectError:
                    self.outcomes["nobody there"] += 1
                    return
                except httpx.TransportError:
                    self.outcomes["cut off"] += 1
                    continue
                if got.status_code == 201:
                    assert not any(other.startswith(f"{client}-") for other in self.refused)
                    self.accepted[key] = got.json()["task_id"]
                else:
                    assert (got.status_code, got.json()["code"]) == (503, "shutting_down")
                    self.refused.add(key)
                self.outcomes[str(got.status_code)] += 1


async def test_drain_answers_what_was_taken_and_takes_nothing_new(place: Place) -> None:
    node = await place.start()
    clients = Clients(node.url)
    claimed: list[httpx.Response] = []

    async def claim() -> None:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            claimed.append(await http.post(f"{node.url}/agents/idle/claim", json={"wait": 25}))

    async with dashboard(node) as board, anyio.create_task_group() as tasks:
        await board.hear("metrics_update")
        body = {"agent_id": "idle", "skills": {"nothing": 1.0}}
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            assert (await http.post(f"{node.url}/agents/register", json=body)).status_code == 201
        tasks.start_soon(claim)
        tasks.start_soon(clients.run)
        await happens(lambda: len(clients.accepted) >= 100, "submissions")
        began = time.monotonic()
        node.signal(signal.SIGTERM)
        assert await board.closed() == 1001
        assert await node.ended() == 0
        took = time.monotonic() - began
        assert place.postgres_is_gone
    assert took < WITHIN
    assert node.complaints() == []
    (answer,) = claimed
    assert (answer.status_code, answer.json()["items"]) == (200, [])

    async with aftermath(place.data_dir) as left:
        commands = left.history.by_command()
        for key, task in clients.accepted.items():
            (event,) = commands[f"http:dev:{key}"]
            assert event.stream == f"task/{task}"
        assert not commands.keys() & {f"http:dev:{key}" for key in clients.refused}
        # Beyond what was acknowledged there is at most one command of each client, cut off.
        assert len(left.history.submitted) <= len(clients.accepted) + clients.outcomes["cut off"]


async def test_database_ends_after_the_last_node_was_killed(place: Place) -> None:
    one, two = await place.start_two()
    await one.kill()
    assert (await two.health())["database"]["status"] == "ok"
    await two.kill()
    assert place.postgres is not None
    await happens(lambda: place.postgres_is_gone, "the end of the database", seconds=GUARDED_WITHIN)


async def test_end_without_a_database_is_in_order_too(place: Place) -> None:
    node = await place.start({"MAS_LEADER_LEASE": "1", "MAS_DRAIN_TIMEOUT": "2"})
    assert await place.leader() is node
    # Taken for damaged, the database is not started again.
    (place.data_dir / "postgres" / "PG_VERSION").rename(place.data_dir / "PG_VERSION")
    place.kill_postgres()
    await happens(lambda: node.logged("postgres_not_restarted"), "the outage")
    answers: list[httpx.Response] = []
    sent: list[str] = []

    async def note(event: str, _: object) -> None:
        if event == "http11.send_request_body.complete":
            sent.append(event)

    async def ask(method: str, path: str, body: object = None) -> None:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            url, trace = node.url + path, {"trace": note}
            answers.append(await http.request(method, url, json=body, extensions=trace))

    async with anyio.create_task_group() as tasks:
        # One that changes what is there, one that only asks, one that makes something new: the last
        # waits for its commit, the others for what they have to know; all for the database.
        tasks.start_soon(ask, "PUT", "/agents/ann", {"skills": {"work": 1.0}})
        tasks.start_soon(ask, "GET", "/agents/bob")
        tasks.start_soon(ask, "POST", SUBMIT, order(1, "work"))
        await happens(lambda: "lease_lost" in node.words, "a while without the database")
        await happens(lambda: len(sent) == 3, "the requests")
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            # It comes later and waits for nothing, so the others have been taken up.
            assert (await http.get(f"{node.root}/mas/health/live")).status_code == 200
        await happens(lambda: node.logged("append_retried"), "a commit that waits")
        began = time.monotonic()
        node.signal(signal.SIGTERM)
        assert await node.ended() == 0
        took = time.monotonic() - began
    assert took < WITHIN
    assert {each.status_code for each in answers} == {503}
    assert {each.request.method: each.json()["code"] for each in answers} == {
        "PUT": "event_log_unavailable",
        "POST": "event_log_unavailable",
        "GET": "database_unavailable",
    }
    assert place.postgres_is_gone
