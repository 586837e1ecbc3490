"""A node that has keys, and clients of it by subject and roles."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
import requests

from .nodes import QUIET

KEY = "a secret that only tests know, long enough"


def bearer(subject: str, *roles: str, key: str = KEY, lives: float = 3_600) -> dict[str, str]:
    claims = {"sub": subject, "roles": list(roles), "exp": time.time() + lives}
    return {"authorization": f"Bearer {jwt.encode(claims, key)}"}


@pytest.fixture(scope="module")
def secured(start_for_module: Callable[..., Any]) -> Any:
    """A node with keys, on which nothing happens by itself."""
    return start_for_module(jwt_secret=KEY, **QUIET)


@pytest.fixture
def acting(secured: Any) -> Iterator[Callable[..., httpx.Client]]:
    """Makes clients by subject and roles."""
    clients: list[httpx.Client] = []

    def client(subject: str, *roles: str) -> httpx.Client:
        clients.append(secured.new_client(**bearer(subject, *roles)))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


@pytest.fixture(scope="module")
def requesting() -> Iterator[requests.Session]:
    """What sends generated requests, over connections that it keeps."""
    with requests.Session() as session:
        # Else the environment is searched for proxies before each of thousands of requests.
        session.trust_env = False
        yield session
