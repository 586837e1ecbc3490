"""WebSockets through the whole server: served, refused, and ended with the node."""

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import connect

API = "/mas/api/v1"


def socket_url(node: Any, path: str) -> str:
    url: str = node.url.replace("http://", "ws://") + path
    return url


def test_metrics_arrive_and_change(start_node: Callable[..., Any]) -> None:
    node = start_node()
    with connect(socket_url(node, f"{API}/agents/ws/frontend/client_001")) as opened:
        first = json.loads(opened.recv(30))
        assert first["type"] == "metrics_update"
        assert first["data"]["agents"]["registered"] == 0

        node.client.put(f"{API}/agents/a1", json={})

        while True:
            frame = json.loads(opened.recv(30))
            if frame["type"] == "metrics_update" and frame["data"]["agents"]["registered"] == 1:
                break


def test_metrics_on_the_socket_are_those_of_the_query_and_catch_up_by_themselves(
    start_node: Callable[..., Any],
) -> None:
    node = start_node()
    with connect(socket_url(node, f"{API}/agents/ws/frontend/client_001")) as opened:
        put = node.client.put(f"{API}/agents/a1", json={})
        position = int(put.headers["x-event-position"])
        while True:
            text = opened.recv(30)
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
    with connect(socket_url(node, f"{API}/agents/ws/frontend/client_001")) as opened:
        opened.recv(30)
        node.begin_stop()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                opened.recv(30)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/nowhere", {}, 404, "route_not_found"),
        (f"{API}/agents/ws/frontend/c", {"Host": "evil.example"}, 400, "repeated_header"),
        (f"{API}/agents/ws/frontend/c", {"Origin": "https://evil.io"}, 403, "origin_not_allowed"),
    ],
)
def test_a_refused_handshake_is_answered_with_a_problem(
    node: Any, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(socket_url(node, path), additional_headers=headers),
    ):
        pass

    is_refused(refused.value.response, status, code)


def test_a_handshake_under_a_foreign_name_is_refused(node: Any) -> None:
    server = urlsplit(node.url)
    with (
        socket.create_connection((server.hostname, server.port)) as connection,
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://evil.example{API}/agents/ws/frontend/c", sock=connection),
    ):
        pass

    is_refused(refused.value.response, 403, "host_not_allowed")


def is_refused(response: Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert json.loads(response.body or b"{}")["code"] == code
