"""The multi-agent system inside a program: start it, register agents, assign tasks, stop it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog

from aia.agents.agent import AgentCapabilities, AgentInstance
from aia.agents.orchestration_engine import AgentOrchestrationEngine
from aia.agents.running import Node, join, leave
from aia.agents.task import TaskSpecification
from aia.agents.workflow_state import WorkflowState
from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.logs import use_standard_loggers
from aia_mas.application.settings import Settings, load_settings
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.scoring.policies import Policy, registered
from aia_mas.interfaces.bootstrap import System

__all__ = [
    "AgentCapabilities",
    "AgentInstance",
    "AgentOrchestrationEngine",
    "MultiAgentSystem",
    "TaskSpecification",
    "WorkflowState",
]

log = structlog.stdlib.get_logger("aia.agents")


class MultiAgentSystem:
    """A node of the system inside this program; it opens no port.

    Agents registered through it are taken to live in this program: it sends their heartbeats for as
    long as it runs. Several of these on the same data share one node.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        data_dir: str | Path | None = None,
        database_url: str | None = None,
        policies: Iterable[Policy] = (),
    ) -> None:
        """Describe the system; nothing is done before ``start``.

        Args:
            config: Nested settings, as in a configuration file; the environment goes before them.
            data_dir: Folder of the embedded PostgreSQL; ``MAS_DATA_DIR`` or ``./.mas`` when None.
            database_url: A PostgreSQL >= 15 to use instead; ``MAS_DATABASE_URL`` when None.
            policies: What may choose among agents beside the built-in policies (docs/policies.md).

        Raises:
            SettingsError: A setting is unknown or its value cannot be used.
            ValueError: There are two policies of one name.
        """
        arguments = {"data_dir": data_dir, "database_url": database_url}
        self.settings: Settings = load_settings(arguments, config=config)
        self._policies = tuple(policies)
        registered(self._policies)
        self.orchestration_engine = AgentOrchestrationEngine()
        self._node: Node | None = None
        self._agents: set[str] = set()
        self._pulse: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._node is not None

    async def start(self) -> None:
        """Start, or go on when it is running already.

        Raises:
            EmbeddedPostgresError: The data directory cannot be used; the message tells why.
            psycopg.OperationalError: The database cannot be reached.
        """
        if self._node is not None:
            return
        use_standard_loggers()
        for warning in self.settings.warnings:
            log.warning("setting_ignored", detail=warning)
        self._node = await join(self.settings, self._policies)
        self.orchestration_engine = AgentOrchestrationEngine(self._node)
        self._pulse = asyncio.create_task(self._send_heartbeats(), name="aia-mas-heartbeats")

    async def stop(self) -> None:
        """Drain and stop; nothing that was answered is lost. Safe to repeat."""
        node, self._node = self._node, None
        if node is None:
            return
        self.orchestration_engine = AgentOrchestrationEngine()
        self._agents.clear()
        if self._pulse is not None:
            self._pulse.cancel()
            await asyncio.wait({self._pulse})
        await leave(node)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    async def register_agent(self, agent_id: str, capabilities: AgentCapabilities) -> bool:
        """Make an agent be registered; see ``AgentOrchestrationEngine.register_agent``."""
        self._in_use()
        registered = await self.orchestration_engine.register_agent(agent_id, capabilities)
        if registered:
            self._agents.add(agent_id)
        return registered

    async def unregister_agent(self, agent_id: str, reason: str = "") -> bool:
        """Take an agent out; its tasks are queued again. False when it is not registered."""
        self._in_use()
        self._agents.discard(agent_id)
        return await self.orchestration_engine.unregister_agent(agent_id, reason)

    async def get_agent(self, agent_id: str) -> AgentInstance | None:
        """Return a registered agent as it is now."""
        self._in_use()
        return await self.orchestration_engine.get_agent(agent_id)

    async def get_system_metrics(self) -> dict[str, Any]:
        """Return figures about agents, tasks and throughput."""

        async def get(system: System) -> dict[str, Any]:
            now = system.clock.now()
            metrics: dict[str, Any] = msgspec.to_builtins(system.projections.system_metrics(now))
            return metrics

        return await self._in_use().call(get)

    def _in_use(self) -> Node:
        if self._node is None:
            raise RuntimeError("the MultiAgentSystem is not running: await its start() first")
        return self._node

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(self.settings.heartbeat_interval_seconds)
            for agent_id in list(self._agents):
                try:
                    if not await self.orchestration_engine.heartbeat(agent_id):
                        self._agents.discard(agent_id)
                except (DomainError, EventLogError) as error:
                    log.info("heartbeat_failed", agent_id=agent_id, code=error.code)
