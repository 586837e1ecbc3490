"""WebSockets through the whole server: served, refused, and ended with the node."""

import json
from collections.abc import Callable
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

API = "/mas/api/v1"
FRONTEND = f"{API}/agents/ws/frontend/client_001"


def socket_url(node: Any, path: str) -> str:
    url: str = node.url.replace("http://", "ws://") + path
    return url


def test_metrics_arrive_and_change(start_node: Callable[..., Any]) -> None:
    node = start_node()
    with connect(socket_url(node, FRONTEND)) as socket:
        first = json.loads(socket.recv(30))
        assert first["type"] == "metrics_update"
        assert first["data"]["agents"]["registered"] == 0

        node.client.put(f"{API}/agents/a1", json={})

        while True:
            frame = json.loads(socket.recv(30))
            if frame["type"] == "metrics_update" and frame["data"]["agents"]["registered"] == 1:
                break


def test_metrics_on_the_socket_are_those_of_the_query_and_catch_up_by_themselves(
    start_node: Callable[..., Any],
) -> None:
    node = start_node()
    with connect(socket_url(node, FRONTEND)) as socket:
        put = node.client.put(f"{API}/agents/a1", json={})
        position = int(put.headers["x-event-position"])
        while True:
            text = socket.recv(30)
            frame = json.loads(text)
            # Tables are written a little later; nothing more has to happen for that to be told.
            behind = [lag["name"] for lag in frame["data"]["lag"] if lag["events"]]
            if frame["as_of"] >= position and not behind:
                break
        assert len(text) < 20_000
        asked = node.client.get(f"{API}/agents/metrics/system").json()
        assert frame["data"].keys() == asked.keys()
        assert frame["data"]["tasks"]["by_priority"] == asked["tasks"]["by_priority"]
        assert "\naia_mas_websocket_connections 1.0\n" in node.client.get("/metrics").text


def test_sockets_end_with_the_node(start_node: Callable[..., Any]) -> None:
    node = start_node()
    with connect(socket_url(node, FRONTEND)) as socket:
        socket.recv(30)
        node.begin_stop()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(30)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


@pytest.mark.parametrize(
    ("path", "host", "headers", "status", "code"),
    [
        ("/nowhere", "localhost", {}, 404, "route_not_found"),
        (FRONTEND, "evil.example", {}, 403, "host_not_allowed"),
        (FRONTEND, "localhost", {"Host": "evil.example"}, 400, "repeated_header"),
        (FRONTEND, "localhost", {"Origin": "https://evil.io"}, 403, "origin_not_allowed"),
    ],
)
def test_a_refused_handshake_is_answered_with_a_problem(
    node: Any, path: str, host: str, headers: dict[str, str], status: int, code: str
) -> None:
    port = urlsplit(node.url).port
    with (
        create_connection(("127.0.0.1", port)) as wire,
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://{host}:{port}{path}", sock=wire, additional_headers=headers),
    ):
        pass

    response = refused.value.response
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert json.loads(response.body or b"{}")["code"] == code
