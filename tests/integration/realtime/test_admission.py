"""Who may open a socket, and how the others learn why not."""

import asyncio
import time

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from aia_mas.application.settings import Settings
from aia_mas.interfaces.realtime import CloseCode, RealtimeOptions, expiry

pytestmark = pytest.mark.anyio

SECRET = "a-secret-of-thirty-two-characters-or-more"
KEYS = Settings(jwt_secret=SECRET, cors_origins=("https://board.example",))


def token(*roles: str, subject: str = "ann", expires: float = 3_600, secret: str = SECRET) -> str:
    claims = {"sub": subject, "roles": list(roles), "exp": time.time() + expires}
    return jwt.encode(claims, secret, algorithm="HS256")


async def test_a_token_by_header(run_node, log):
    async with run_node(log, settings=KEYS) as node:
        headers = {"Authorization": f"Bearer {token('viewer')}"}
        async with node.client(additional_headers=headers) as client:
            assert (await client.hear())["type"] == "metrics_update"
            [connection] = node.hub.connections
            assert connection.principal.subject == "ann"
            assert connection.client_id == "dash-1"


@pytest.mark.parametrize("beside", [True, False])
async def test_a_token_by_subprotocol_as_browsers_send_it(run_node, log, beside):
    async with run_node(log, settings=KEYS) as node:
        secret = f"bearer.{token('viewer')}"
        offered = ["mas.v1", secret] if beside else [secret]
        async with node.client(subprotocols=offered) as client:
            assert (await client.hear())["type"] == "metrics_update"
            assert client.connection.subprotocol == ("mas.v1" if beside else secret)


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ({}, CloseCode.UNAUTHENTICATED, "unauthenticated"),
        ({"subprotocols": ["mas.v1"]}, CloseCode.UNAUTHENTICATED, "unauthenticated"),
        (
            {"subprotocols": ["mas.v1", "bearer.nonsense"]},
            CloseCode.UNAUTHENTICATED,
            "invalid_token",
        ),
        (
            {"additional_headers": {"Authorization": f"Bearer {token('viewer', expires=-10)}"}},
            CloseCode.UNAUTHENTICATED,
            "token_expired",
        ),
        (
            {"additional_headers": {"Authorization": f"Bearer {token('viewer', secret='b' * 40)}"}},
            CloseCode.UNAUTHENTICATED,
            "invalid_token",
        ),
        (
            {"additional_headers": {"Authorization": f"Bearer {token()}"}},
            CloseCode.FORBIDDEN,
            "permission_denied",
        ),
    ],
)
async def test_others_are_closed_with_a_code(run_node, log, more, code, reason):
    async with run_node(log, settings=KEYS) as node, node.client(**more) as client:
        assert await client.closed() == (code, reason)
        assert not node.hub.connections


async def test_a_socket_ends_with_its_token(run_node, log, writer, monkeypatch):
    monkeypatch.setattr(expiry, "_LOOK", 0.01)
    async with run_node(log, settings=KEYS) as node:
        headers = {"Authorization": f"Bearer {token('viewer', expires=600)}"}
        async with node.client(additional_headers=headers) as client:
            await client.subscribe("tasks")
            for number in range(5):
                await asyncio.sleep(0.01)
                await writer.submit(f"t{number}")
            assert len(await client.facts(5)) == 5

            now = time.time()
            monkeypatch.setattr(time, "time", lambda: now + 605)

            assert await client.closed() == (CloseCode.UNAUTHENTICATED, "token_expired")
        await node.vacant()


async def test_a_socket_without_keys_does_not_end(run_node, log, monkeypatch):
    monkeypatch.setattr(expiry, "_LOOK", 0.01)
    async with run_node(log) as node, node.client() as client:
        await client.next("metrics_update")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 10**9)
        await asyncio.sleep(0.05)
        await client.say(type="ping", id="x")
        assert (await client.next("pong"))["id"] == "x"


async def test_a_token_in_the_url_is_no_token(run_node, log):
    async with (
        run_node(log, settings=KEYS) as node,
        connect(node.url() + f"?token={token('viewer')}") as connection,
    ):
        await connection.wait_closed()
        assert connection.close_code == CloseCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("client_id", "code"),
    [
        ("tasks", "reserved_id"),
        ("a%20b", "invalid_id"),
        ("x" * 129, "id_too_long"),
        ("%00", "invalid_id"),
        ("%2E", "invalid_id"),
    ],
)
async def test_a_client_id_follows_the_rules_of_ids(node, client_id, code):
    async with node.client(client_id) as client:
        assert await client.closed() == (CloseCode.POLICY_VIOLATION, code)


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1:9", None])
async def test_in_development_pages_of_this_machine_may(node, origin):
    async with node.client(origin=origin) as client:
        assert (await client.hear())["type"] == "metrics_update"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
async def test_in_development_pages_of_other_sites_may_not(node, origin):
    with pytest.raises(InvalidHandshake):
        await connect(node.url(), origin=origin)
    assert not node.hub.connections


async def test_in_development_a_rebound_name_may_not(node):
    with pytest.raises(InvalidHandshake):
        await connect(
            f"ws://evil.example:{node.port}/mas/api/v1/agents/ws/frontend/d", host="127.0.0.1"
        )


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [("https://board.example", True), ("https://other.example", False), ("null", False)],
)
async def test_with_keys_the_listed_origins_may(run_node, log, origin, welcome):
    async with run_node(log, settings=KEYS) as node:
        more = {"origin": origin, "subprotocols": ["mas.v1", f"bearer.{token('viewer')}"]}
        if welcome:
            async with node.client(**more) as client:
                assert (await client.hear())["type"] == "metrics_update"
        else:
            with pytest.raises(InvalidHandshake):
                await connect(node.url(), **more)


async def test_with_keys_our_own_pages_may(run_node, log):
    async with run_node(log, settings=KEYS) as node:
        own = f"http://127.0.0.1:{node.port}"
        protocols = ["mas.v1", f"bearer.{token('viewer')}"]
        async with node.client(origin=own, subprotocols=protocols) as client:
            assert (await client.hear())["type"] == "metrics_update"


async def test_connections_are_bounded(run_node, log):
    options = RealtimeOptions(max_connections=1)
    async with run_node(log, options=options) as node, node.client() as first:
        async with node.client("dash-2") as second:
            assert (await second.closed())[0] == CloseCode.TRY_AGAIN_LATER
        assert (await first.hear())["type"] == "metrics_update"


async def test_topics_and_routes_stand_on_the_list_of_permissions():
    from aia_mas.interfaces.http.security import PERMISSIONS
    from aia_mas.interfaces.realtime import OPERATIONS

    topics = {"metrics", "agents", "tasks", "budgets", "economy", "messages", "proposals"}
    assert set(OPERATIONS) == topics
    assert set(OPERATIONS.values()) <= set(PERMISSIONS)
