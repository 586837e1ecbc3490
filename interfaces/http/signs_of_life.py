"""What an agent tells of itself with a sign of life, by whichever way it comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aia_mas.application.orchestration.heartbeats import HeartbeatAnswer, Heartbeats
from aia_mas.application.presence import Reports
from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.places import within
from aia_mas.domain.orchestration.bounds import MAX_ENTRIES, check_name, check_number, check_text
from aia_mas.interfaces.http.schemas.agents import Claim, Heartbeat

MAX_METRICS = 32


class Heard(Protocol):
    """What of a system takes signs of life."""

    heartbeats: Heartbeats
    reports: Reports


async def take_heartbeat(
    system: Heard, agent_id: str, said: Heartbeat, principal: Principal
) -> HeartbeatAnswer:
    """Take a heartbeat: the agent is online, and the leases that it names and holds are extended.

    Raises:
        AgentNotFound: No such agent is registered.
        InvalidValue: It says what cannot be.
    """
    _check_heartbeat(said)
    told = await system.heartbeats.answered(agent_id, principal, said.tasks, said.leases)
    if said.load is not None or said.metrics:
        system.reports.report(agent_id, said.load, said.metrics)
    return told


def _check_heartbeat(said: Heartbeat) -> None:
    mistakes = Mistakes()
    if said.load is not None:
        mistakes.check(check_number, said.load, "load", lowest=0.0, highest=1.0)
    mistakes.check(_check_metrics, said.metrics)
    mistakes.check(check_named, said)
    mistakes.refuse()


def _check_metrics(metrics: Mapping[str, float]) -> None:
    if len(metrics) > MAX_METRICS:
        raise InvalidValue(f"metrics has at most {MAX_METRICS} entries", field="metrics")
    for name in metrics:
        check_name(name, "metrics")


def check_named(said: Heartbeat | Claim) -> None:
    """Check the tasks and leases that an agent names.

    Raises:
        InvalidValue: One of them cannot be (a subclass).
    """
    for field, named in (("tasks", said.tasks), ("leases", tuple(said.leases))):
        if len(named) > MAX_ENTRIES:
            raise InvalidValue(f"{field} has at most {MAX_ENTRIES} entries", field=field)
        for index, task_id in enumerate(named):
            check_id(task_id, within(field, index if field == "tasks" else task_id))
    for task_id, lease in said.leases.items():
        check_text(lease, within("leases", task_id), shortest=1, longest=128)
