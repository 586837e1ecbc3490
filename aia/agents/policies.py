"""Puts a policy in force, for a program that runs the system inside itself."""

from __future__ import annotations

from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.precondition import Precondition
from aia_mas.domain.orchestration.scoring.policies import SCORED
from aia_mas.domain.orchestration.scoring.rules import (
    ReplaceAssignmentRules,
    SetTypePolicy,
    rules_of,
)
from aia_mas.interfaces.bootstrap import System


async def put_in_force(
    system: System, principal: Principal, name: str | None, task_type: str | None
) -> None:
    """Have a policy choose; see ``AgentOrchestrationEngine.set_policy``."""
    if task_type is not None:
        one = SetTypePolicy(task_type=task_type, policy=name)
        await system.engine.execute(one, principal)
        return
    rules = rules_of(await system.workload.rules())
    command = ReplaceAssignmentRules(
        weights=rules.weights,
        default=name or SCORED.name,
        by_type=rules.by_type,
        condition=Precondition((rules.revision,)),
    )
    await system.engine.execute(command, principal)
