"""What no client should say: answered by the book on both sockets, and nobody else notices."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from .agents_at_work import API, PATIENCE, Worker, held, register, submit
from .raw import AGENT, CONT, FRONTEND, PING, PONG, TEXT, Wire, frame

SECRET = "a-secret-of-thirty-two-characters-or-more"
ENDLESS = 3_000

pytestmark = pytest.mark.usefixtures("undisturbed")


@pytest.fixture(scope="module")
def node(abused: Any) -> Any:
    return abused


@pytest.fixture(params=[FRONTEND, AGENT], ids=["frontend", "agent"])
def wire(request: pytest.FixtureRequest, node: Any) -> Iterator[Wire]:
    """An open socket of either kind."""
    with Wire(node.url) as wire:
        wire.open(request.param)
        wire.told("metrics_update", "welcome")
        yield wire


BROKEN = {"malformed_json", "invalid_message"}
PING_MESSAGE = b'{"type":"ping","id":"x"}'


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b'"\xff\xfe"'), 1007),
        (frame(TEXT, b'"\xe2\x82', fin=False) + frame(CONT, b'"'), 1007),
        (frame(TEXT, length=2**62), 1009),
        (frame(TEXT, length=16 * 2**20), 1009),
        (frame(TEXT, length=2**63), 1009),
        (frame(TEXT, PING_MESSAGE, reserved=4), 1002),
        (frame(TEXT, PING_MESSAGE, reserved=1), 1002),
        (frame(3, b"x"), 1002),
        (frame(11, b"x"), 1002),
        (frame(TEXT, PING_MESSAGE, masked=False), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(CONT, b"x"), 1002),
        (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
        (frame(8, b"\x03"), 1002),
        (frame(8, b"\x03\xec"), 1002),
        (frame(8, b"\x03\xe8\xff"), 1007),
        (frame(TEXT, b"", fin=False) + frame(CONT, b"", fin=False) * ENDLESS, 1008),
        (frame(TEXT, b"[", fin=False) + frame(CONT, b"[", fin=False) * ENDLESS, 1008),
        (frame(TEXT, b"{") * 100, 1008),
        (frame(TEXT, b'{"type":"shout"}') * 100, 1008),
    ],
    ids=[
        "bad utf-8",
        "bad utf-8 over two fragments",
        "longer than anything",
        "longer than allowed",
        "a negative length",
        "a reserved bit",
        "another reserved bit",
        "a reserved opcode",
        "a reserved control opcode",
        "not masked",
        "a fragmented ping",
        "a long ping",
        "a continuation of nothing",
        "a message within a message",
        "half a close code",
        "a close code that is never sent",
        "a close reason that is no text",
        "empty fragments without end",
        "fragments without end",
        "nothing but broken json",
        "nothing but unknown types",
    ],
)
def test_what_is_no_protocol_ends_with_its_code(wire: Wire, sent: bytes, code: int) -> None:
    wire.send(sent)
    assert wire.closed() == code


def test_a_long_message_ends_with_its_code(node: Any) -> None:
    with Wire(node.url) as wire:
        wire.open(FRONTEND)
        wire.send(frame(TEXT, b"x" * 70_000))
        assert wire.closed() == 1009


def test_control_frames_may_stand_between_fragments(wire: Wire) -> None:
    wire.send(frame(TEXT, PING_MESSAGE[:5], fin=False))
    wire.send(frame(PING, b"between"))
    assert wire.next(PONG).data == b"between"
    wire.send(frame(PONG, b"unasked for"))
    wire.send(frame(CONT, PING_MESSAGE[5:9], fin=False) + frame(CONT, PING_MESSAGE[9:]))
    assert wire.told("pong")["id"] == "x"


def test_a_flood_of_pings_is_survived(wire: Wire) -> None:
    for _ in range(200):
        wire.send(frame(PING, b"x" * 125) * 100)
    wire.say({"type": "ping", "id": "after"})
    assert wire.told("pong")["id"] == "after"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('{"type":"shout"}', {"unknown_type"}),
        ('{"type":"subscribe","topic":"gossip"}', {"unknown_topic"}),
        ("[" * 30_000, BROKEN),
        ('{"type":"ping","id":' + '{"a":' * 10_000, BROKEN),
        (
            '{"type":"subscribe","topic":"tasks","after":1e999}',
            {"malformed_json", "invalid_message"},
        ),
        ('{"type":"subscribe","topic":"tasks","after":' + "9" * 400 + "}", {"invalid_message"}),
        ('{"type":"subscribe","topic":"tasks","after":9223372036854775808}', {"invalid_message"}),
        ('{"type":"heartbeat","id":"h","data":[]} x', {"malformed_json", "unknown_type"}),
    ],
    ids=range(8),
)
def test_what_cannot_be_followed_is_told(wire: Wire, text: str, codes: set[str]) -> None:
    wire.say(text)
    assert wire.told("error")["data"]["code"] in codes
    wire.say(PING_MESSAGE.decode())
    assert wire.told("pong")["id"] == "x"


def test_names_that_stand_twice_are_no_way_around_a_check(wire: Wire) -> None:
    wire.say('{"type":"ping","id":"a","id":"b"}')
    assert wire.told("pong")["id"] == "b"
    wire.say('{"type":"ping","id":"a b","id":"b"}')
    assert wire.told("pong", "error")["type"] == "error"
    wire.say('{"type":"shout","id":"a","type":"ping"}')
    assert wire.told("pong", "error")["type"] == "error"


def test_subscriptions_without_end_end_with_a_code(wire: Wire) -> None:
    messages = (
        {"type": "subscribe", "topic": "tasks", "id": f"s{number}"} for number in range(10_000)
    )
    wire.send(b"".join(frame(TEXT, json.dumps(message).encode()) for message in messages))
    answers = [wire.told("subscribed", "error") for _ in range(127)]
    kinds = [answer["type"] for answer in answers]
    accepted = kinds.count("subscribed")
    assert accepted in {63, 64}  # a dashboard has the metrics, too
    assert kinds == ["subscribed"] * accepted + ["error"] * (127 - accepted)
    assert {answer["data"]["code"] for answer in answers[accepted:]} == {"too_many_subscriptions"}
    assert wire.closed() == 1008


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ('{"task_id":%s,"lease":%s,"agent_id":"other"}', 403, "permission_denied"),
        ('{"task_id":%s,"lease":"no lease of mine"}', 409, "stale_lease"),
        ('{"task_id":%s,"lease":%s,"result":' + "[" * 5_000, None, None),
        ('{"task_id":%s,"lease":%s,"quality":1e300}', 422, None),
        ('{"task_id":%s,"lease":%s,"quality":' + "9" * 400 + "}", 422, None),
        ('{"task_id":"../../x","lease":%s}', 422, "invalid_id"),
        ('{"task_id":7,"lease":%s}', 422, None),
        ("[1,2]", 422, None),
    ],
    ids=range(8),
)
def test_bad_reports_of_an_agent_change_nothing(
    node: Any,
    work: Callable[..., Worker],
    unique: str,
    data: str,
    status: int | None,
    code: str | None,
) -> None:
    register(node, unique)
    worker = work(node, unique)
    submit(node, unique)
    task = worker.next("task_assigned")["data"]
    words = [json.dumps(task[name]) for name in ("task_id", "lease") if f'"{name}":%s' in data]
    worker.connection.send('{"type":"complete","id":"bad","data":' + data % tuple(words) + "}")
    if status is None:
        assert worker.next("error")["data"]["code"] in {"malformed_json", "invalid_message"}
    else:
        receipt = worker.next("receipt")
        assert (receipt["id"], receipt["status"] // 100) == ("bad", 4)
        assert receipt["status"] in {status, 400}, receipt
        assert code in {None, receipt["data"]["code"]}
    assert worker.ask("complete", held(task))["data"]["status"] == "completed"


def test_a_socket_is_its_agents_and_ends_with_its_token(start_node: Callable[..., Any]) -> None:
    node = start_node(jwt_secret=SECRET)

    def token(subject: str, role: str, seconds: float) -> str:
        claims = {"sub": subject, "roles": [role], "exp": time.time() + seconds}
        return jwt.encode(claims, SECRET, algorithm="HS256")

    admin = {"Authorization": f"Bearer {token('root', 'admin', 600)}"}
    for agent_id in ("ann", "bob"):
        put = node.client.put(f"{API}/agents/{agent_id}", json={}, headers=admin)
        assert put.status_code == 201

    def opened(path: str, word: str) -> Any:
        url = node.url.replace("http", "ws", 1) + f"{API}/agents/ws/{path}"
        words = ["mas.v1", f"bearer.{word}"]
        return connect(url, subprotocols=words, compression=None, open_timeout=PATIENCE)

    def end_of(connection: Any) -> tuple[int, str]:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                connection.recv(PATIENCE)
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code, closed.value.rcvd.reason

    anns = token("ann", "agent", 600)
    with opened("agent/bob", anns) as foreign:
        assert end_of(foreign) == (4003, "permission_denied")
    with opened("agent/ann", anns) as own:
        assert json.loads(own.recv(PATIENCE))["type"] == "welcome"

    # Both wait at the same time.
    agent, board = token("ann", "agent", 3), token("eve", "viewer", 3)
    with opened("agent/ann", agent) as one, opened("frontend/board", board) as other:
        for connection in (one, other):
            connection.recv(PATIENCE)
        for connection in (one, other):
            assert end_of(connection) == (4001, "token_expired")
