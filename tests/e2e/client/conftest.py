"""Clients of running nodes."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import jwt
import pytest

from aia.client import AsyncClient, Client

from .cutting import CuttingWay, cutting

KEY = "a secret that only tests know, long enough"


def token_of(subject: str, *roles: str, lives: float = 3_600) -> str:
    """Return a token of a node with that key."""
    return jwt.encode({"sub": subject, "roles": list(roles), "exp": time.time() + lives}, KEY)


@pytest.fixture(scope="module")
def own_node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which tests may pause the whole fleet and change the rules."""
    return start_for_module()


@pytest.fixture
def mas(node: Any) -> Iterator[Client]:
    """A client of the shared node."""
    with Client(node.url) as client:
        yield client


@pytest.fixture
async def amas(node: Any) -> AsyncIterator[AsyncClient]:
    """An asynchronous client of the shared node."""
    async with AsyncClient(node.url) as client:
        yield client


@pytest.fixture
def way() -> Iterator[Callable[[str], CuttingWay]]:
    """Opens ways on which answers get lost."""
    with ExitStack() as stack:
        yield lambda target: stack.enter_context(cutting(target))
