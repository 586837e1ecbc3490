"""What classes of a program share that work on a node: which one, and in whose name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from aia.agents.running import Node, current
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.kernel import Principal, Role
from aia_mas.interfaces.bootstrap import System

_Result = TypeVar("_Result")

HOST = Principal(subject="host", roles=frozenset({Role.ADMIN}))
"""A program that runs the system inside itself may do what an administrator may."""


class OnANode:
    """What works on a node; without one, on the one that this program started last."""

    def __init__(self, node: Node | None = None) -> None:
        """Work on a node."""
        self._node = node

    async def _call(self, work: Callable[[System], Awaitable[_Result]]) -> _Result:
        return await (self._node or current()).call(work)

    async def _execute(self, make: Callable[[System], msgspec.Struct]) -> CommandResult:
        async def execute(system: System) -> CommandResult:
            return await system.engine.execute(make(system), HOST)

        return await self._call(execute)
