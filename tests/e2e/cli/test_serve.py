"""`mas serve`: one command from nothing to an answer, and an end in order."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import jwt
import pytest
from websockets.sync.client import ClientConnection, connect

from ...ports import stable_port
from .conftest import PATIENCE, Run, Server

Start = Callable[..., Server]

AGENT = {
    "agent_id": "data_analyst_001",
    "specializations": ["data_analysis", "statistics"],
    "skills": {"python": 0.9, "statistics": 0.8},
    "max_concurrent_tasks": 3,
    "cost_per_task": 15.0,
    "initial_stake": 500.0,
}
TASK = {
    "task_type": "data_analysis",
    "description": "Analyze sales data",
    "requirements": {"skills": ["statistics"]},
    "max_cost": 50.0,
}
WITHIN = 10.0  # seconds from the signal to the end


def test_guide_s_requests_from_an_empty_folder_and_again_after_a_restart(
    start: Start, run: Run, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data of a user"
    server = start(data_dir)

    status, agent = server.call("POST", "/agents/register", AGENT)
    assert (status, agent["agent_id"], agent["status"]) == (201, "data_analyst_001", "active")
    status, task = server.call("POST", "/agents/tasks/submit", TASK)
    assert status == 201
    task_id = task["task_id"]
    status, claimed = server.call("POST", "/agents/data_analyst_001/claim", {"wait": 20})
    (work,) = claimed["items"]
    assert (status, work["task_id"]) == (200, task_id)
    proof = {"agent_id": "data_analyst_001", "lease": work["lease"]}
    assert server.call("POST", f"/agents/tasks/{task_id}/start", proof)[0] == 200
    status, done = server.call(
        "POST", f"/agents/tasks/{task_id}/complete", {**proof, "result": {"rows": 3}}
    )
    assert (status, done["status"]) == (200, "completed")
    status, head = server.call("GET", "/audit/head")
    assert server.stop() == 0

    again = start(data_dir)
    status, agent = again.call("GET", "/agents/data_analyst_001")
    assert (status, agent["agent_id"]) == (200, "data_analyst_001")
    assert again.call("GET", f"/agents/tasks/{task_id}")[1]["status"] == "completed"
    assert again.stop() == 0

    whole = json.loads(run("audit", "verify", "--json", "--data-dir", str(data_dir)).stdout)
    assert whole["whole"] is True
    assert whole["head"] >= head["position"] >= 5


def test_tells_what_to_open_and_that_everybody_is_admin(start: Start, data_dir: Path) -> None:
    server = start(data_dir)

    base = server.url.removesuffix("/mas/api/v1")
    for line in (f"  API      {base}/mas/api/v1", f"  Docs     {base}/docs"):
        server.wait_for_line(line)
    server.wait_for_line(f"  Health   {base}/mas/health")
    server.wait_for_line("development")
    server.wait_for_line(str(data_dir))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_answers_who_waits_and_ends_within_the_promised_time(
    start: Start, data_dir: Path, number: int
) -> None:
    server = start(data_dir)
    server.call("PUT", "/agents/waiting", {"max_concurrent_tasks": 1})
    connection = HTTPConnection(server.url.split("/")[2], timeout=PATIENCE)
    headers = {"Content-Type": "application/json"}
    path = "/mas/api/v1/agents/waiting/claim"
    with closing(connection):
        connection.request("POST", path, json.dumps({"wait": 25}), headers)
        server.call("GET", "/agents/waiting")  # came later, so the claim has been taken up
        began = time.monotonic()
        code = server.stop(number)
        took = time.monotonic() - began
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["items"]) == (200, [])

    assert code == 0
    assert took < WITHIN
    server.wait_for_line("has stopped")


def test_second_signal_ends_it_at_once(start: Start, data_dir: Path) -> None:
    server = start(data_dir)
    host, port = server.url.split("/")[2].split(":")
    # A client that has begun a request and never ends it holds the drain up.
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /mas/api/v1/agents/tasks/submit HTTP/1.1\r\nHost: localhost\r\n")
        slow.sendall(b"Content-Length: 100\r\nContent-Type: application/json\r\n\r\n{")
        threading.Timer(0.3, server.process.send_signal, (signal.SIGINT,)).start()
        server.process.send_signal(signal.SIGINT)
        code = server.wait(WITHIN)

    assert code == 130


def test_signal_during_the_start_leaves_nothing_half_done(
    start: Start, run: Run, tmp_path: Path
) -> None:
    server = start(tmp_path / "data")
    server.wait_for_line("is starting")
    code = server.stop()

    assert code in {0, 130}
    assert start(tmp_path / "data").url


def test_port_that_is_taken_is_told_before_anything_is_made(
    start: Start, run: Run, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = run("serve", "--port", port, "--data-dir", str(tmp_path / "data"))

    assert result.returncode == 3
    assert f"port {port} on 127.0.0.1 is taken" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "data").exists()


def heard(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the data of the next frame of a type."""
    while (frame := json.loads(connection.recv(PATIENCE)))["type"] != kind:
        pass
    data: dict[str, Any] = frame["data"]
    return data


def test_sockets_are_served_on_a_port_of_their_own_too(start: Start, data_dir: Path) -> None:
    port = stable_port()
    server = start(data_dir, WEBSOCKET_PORT=str(port))
    base = f"ws://127.0.0.1:{port}/mas/api/v1"
    server.wait_for_line("Ctrl-C")
    assert [line.split()[-1] for line in server.lines if " ws://" in line] == [
        f"{base}/agents/ws/agent/{{agent_id}}",
        f"{base}/agents/ws/frontend/{{client_id}}",
        f"{base}/communication/ws/{{agent_id}}",
    ]
    with connect(f"{base}/agents/ws/frontend/board", open_timeout=PATIENCE) as board:
        assert json.loads(board.recv(PATIENCE))["type"] == "metrics_update"
    assert str(port) not in server.url
    # So are the mailboxes of messages; who writes comes over the other port.
    path = "communication/ws"
    opened = partial(connect, open_timeout=PATIENCE)
    there = opened(f"{base}/{path}/reader")
    here = opened(f"{server.url.replace('http', 'ws', 1)}/{path}/writer")
    with there as reader, here as writer:
        note = {"to_agent": "reader", "message_type": "note", "payload": [1]}
        writer.send(json.dumps({"type": "send", "id": "s", "data": note}))
        message = heard(reader, "message")
        assert (message["from_agent"], message["payload"]) == ("writer", [1])
        ack = {"message_ids": [message["message_id"]]}
        reader.send(json.dumps({"type": "ack", "id": "a", "data": ack}))
        assert heard(reader, "receipt")["acknowledged"] == 1


def test_with_a_secret_requests_need_a_token(start: Start, data_dir: Path) -> None:
    secret = "a secret of thirty-two bytes or more"
    server = start(data_dir, MAS_JWT_SECRET=secret)
    claims = {"sub": "ops", "roles": ["operator"], "exp": int(time.time()) + 600}
    token = jwt.encode(claims, secret, "HS256")

    assert server.call("GET", "/agents")[0] == 401
    assert server.call("GET", "/agents", Authorization=f"Bearer {token}")[0] == 200
    assert secret not in "".join([*server.lines, *server.errors])


def test_json_logs_are_one_object_a_line(start: Start, data_dir: Path) -> None:
    server = start(data_dir, MAS_LOG_FORMAT="json", MAS_LOG_LEVEL="debug")
    assert server.url
    assert server.stop() == 0

    logged = [json.loads(line) for line in server.errors if line.startswith("{")]
    assert "system_started" in {line["event"] for line in logged}
    for line in logged:
        assert {"timestamp", "level", "logger", "event"} <= line.keys()


def test_two_nodes_share_a_data_directory(start: Start, data_dir: Path) -> None:
    one, two = start(data_dir), start(data_dir)

    assert one.call("PUT", "/agents/shared", {"max_concurrent_tasks": 1})[0] == 201
    position = one.call("GET", "/audit/head")[1]["position"]
    status, agent = two.call("GET", f"/agents/shared?min_position={position}")
    assert (status, agent["agent_id"]) == (200, "shared")
    assert one.stop() == 0
    assert two.call("GET", "/agents/shared")[0] == 200
    assert two.stop() == 0
