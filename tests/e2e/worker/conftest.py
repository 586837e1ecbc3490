"""A node for the tests of each file, and wires to it that can be cut."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .relay import Relay, relay_to


@pytest.fixture
def wire() -> Iterator[Callable[[Any], Relay]]:
    """Lays wires to nodes; they end with the test."""
    with ExitStack() as stack:
        yield lambda node: stack.enter_context(relay_to(node.url))


@pytest.fixture
def second_node() -> Iterator[Callable[..., Any]]:
    """Starts further nodes on the database of one that runs, or ran."""
    with ExitStack() as stack:

        def start(first: Any) -> Any:
            node = type(first)(first.system.settings)
            stack.callback(node.stop)
            return node

        yield start
