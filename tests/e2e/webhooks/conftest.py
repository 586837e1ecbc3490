"""A node that may call endpoints on this machine, endpoints, and agents that have one."""

from collections.abc import Callable
from typing import Any

import pytest

from .firms import Firm
from .receivers import Receiver

QUICK = {
    "webhook_allowed_networks": ("127.0.0.0/8",),
    "webhook_retry_base_seconds": 0.02,
    "webhook_retry_cap_seconds": 0.1,
    "webhook_disable_after": 4,
    "webhook_timeout_seconds": 20.0,
    "message_backoff_seconds": 0.0,
}


@pytest.fixture(scope="session")
def hooks(start_for_session: Callable[..., Any]) -> Any:
    """A node on which nothing else happens by itself; tests use agents of their own."""
    quiet = {"heartbeat_interval_seconds": 3_600, "pickup_timeout_seconds": 3_600}
    return start_for_session(**quiet, **QUICK)


@pytest.fixture
def firm(hooks: Any, receiver: Receiver, unique: str) -> Firm:
    """An agent of the test's own, with an endpoint."""
    return Firm(hooks.client, receiver.url, unique)
