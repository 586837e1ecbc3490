"""What an agent says it can do, and what it may say."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from aia_mas.domain.kernel.addresses import check_address
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.amounts import check_resources
from aia_mas.domain.orchestration.bounds import (
    check_count,
    check_labels,
    check_levels,
    check_names,
    check_number,
    check_small_json,
    check_text,
    check_units,
)
from aia_mas.domain.orchestration.errors import InvalidEndpoint

MAX_CONCURRENT_TASKS = 1_000
"""Most tasks that one agent may work on at once."""
MAX_METADATA_BYTES = 64 * 2**10
"""Largest metadata of an agent, as JSON."""
_MAX_URL = 2_048
_LAST_PORT = 65_535
# RFC 3986, without user and password: what an agent declares, everybody may read.
_URL = re.compile(
    r"(?i:https?)://([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?([/?#][!-~]*)?"
)


_FOR_PLACEMENT = (
    "max_concurrent_tasks",
    "cost_per_task",
    "skills",
    "specializations",
    "resources",
    "labels",
    "data_sources",
)


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an agent declares about itself; all of it is editable by its client.

    Attributes:
        specializations: What it is best at, by name.
        skills: Skill name to level, 0..1.
        max_concurrent_tasks: How many tasks it works on at once, 1..1000.
        cost_per_task: Its price for one task, base units.
        labels: Key to value, for placement; see ``labels``.
        resources: How much it has, by name (``gpu_memory_gb``, ``tokens_per_minute``), 0..10^12.
            What the tasks that it holds ask for never exceeds it.
        data_sources: Where it can read from. None declared: taken to reach every source.
        endpoint: Where its tasks are sent, if anywhere; an http or https URL.
        wallet_address: Its address outside of this system, if it has one; see ``check_address``
            (former releases took any text).
        metadata: Any JSON of its client, 64 KiB at most (former releases took more).
    """

    specializations: tuple[str, ...] = ()
    skills: dict[str, float] = {}
    max_concurrent_tasks: int = 1
    cost_per_task: int = 0
    labels: dict[str, str] = {}
    resources: dict[str, float] = {}
    data_sources: tuple[str, ...] = ()
    endpoint: str | None = None
    wallet_address: str | None = None
    metadata: dict[str, Any] = {}

    def places_like(self, other: Capabilities) -> bool:
        """Tell whether an agent that declares this is the same for placement as one of another."""
        return all(getattr(self, name) == getattr(other, name) for name in _FOR_PLACEMENT)


def check_capabilities(capabilities: Capabilities) -> None:
    """Refuse capabilities with a value out of bounds.

    Raises:
        InvalidValue: One is (or its subclasses ``InvalidText``, ``InvalidSkillLevel``,
            ``InvalidAmount``), with the field's path; ``others`` has all others.
    """
    mistakes = Mistakes()
    check, wallet = mistakes.check, capabilities.wallet_address
    check(check_names, capabilities.specializations, "specializations")
    check(check_levels, capabilities.skills, "skills")
    places = capabilities.max_concurrent_tasks
    check(check_number, places, "max_concurrent_tasks", lowest=1, highest=MAX_CONCURRENT_TASKS)
    check(check_units, capabilities.cost_per_task, "cost_per_task")
    check(check_labels, capabilities.labels, "labels")
    check(check_resources, capabilities.resources, "resources")
    check(check_names, capabilities.data_sources, "data_sources")
    if capabilities.endpoint is not None:
        check(_check_endpoint, capabilities.endpoint)
    if wallet is not None:
        check(check_address, wallet, "wallet_address")
    check(check_count, capabilities.metadata, "metadata")
    check(check_small_json, capabilities.metadata, "metadata", MAX_METADATA_BYTES)
    mistakes.refuse()


def _check_endpoint(endpoint: str) -> None:
    check_text(endpoint, "endpoint", shortest=1, longest=_MAX_URL)
    url = _URL.fullmatch(endpoint)
    if url is None or not 0 < int(url["port"] or 80) <= _LAST_PORT:
        raise InvalidEndpoint(field="endpoint")
