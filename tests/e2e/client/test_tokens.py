"""Who may do what is told by the server, and a token is renewed where a program can."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from aia.client import NotAuthenticated, PermissionDenied, StreamClosed

from .conftest import KEY, token_of
from .speaking import speaking

API = "/mas/api/v1"
KINDS = ["sync", "async"]


@pytest.fixture(scope="module")
def keyed(start_for_module: Callable[..., Any]) -> Any:
    """A node with keys."""
    return start_for_module(jwt_secret=KEY)


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_not_is_told_so(keyed: Any, kind: str, unique: str) -> None:
    with speaking(kind, keyed.url) as stranger, pytest.raises(NotAuthenticated):
        stranger(lambda c: c.agents.list())
    token = token_of(unique, "viewer")
    with speaking(kind, keyed.url, token=lambda: token) as viewer:
        viewer(lambda c: c.agents.list())
        with pytest.raises(PermissionDenied):
            viewer(lambda c: c.agents.put(unique))


def test_a_stream_ends_with_its_token_unless_there_is_a_new_one(keyed: Any, unique: str) -> None:
    operator = {"authorization": f"Bearer {token_of(unique, 'admin')}"}
    given: list[str] = []

    def fresh() -> str:
        given.append(token_of(unique, "viewer", lives=0.5))
        return given[-1]

    with (
        speaking("sync", keyed.url, token=fresh()) as say,
        speaking("async", keyed.url, token=fresh) as renewing,
        keyed.new_client(**operator) as http,
    ):
        stream = say.begun(lambda c: c.agents.updates())
        lasting = renewing.begun(lambda c: c.agents.updates())
        connections, number = len(given), 0
        while len(given) == connections:
            number += 1
            http.put(f"{API}/agents/{unique}-{number}", json={})
            assert renewing.taken(lasting, 1)[0].agent_id == f"{unique}-{number}"
            time.sleep(0.1)  # a token's time is the wall's
        with pytest.raises(StreamClosed) as closed:
            say.taken(stream, number + 1)
        assert (closed.value.code, closed.value.reason) == (4001, "token_expired")
