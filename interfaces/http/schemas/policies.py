"""What operators send about the rules of assignment."""

from __future__ import annotations

from typing import Annotated

import msgspec

from aia_mas.domain.kernel.precondition import Precondition
from aia_mas.domain.orchestration.scoring.policies import SCORED
from aia_mas.domain.orchestration.scoring.rules import ReplaceAssignmentRules, SetTypePolicy
from aia_mas.domain.orchestration.scoring.weights import weights_of
from aia_mas.interfaces.http.schemas.values import Level, Name

_Share = Annotated[float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 0.1})]


class FeatureWeights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each feature of an agent counts, as shares of one with at most four decimals.

    Attributes:
        quality: How well it did such tasks.
        latency: How soon it would be done.
        headroom: The share of its places that is free.
        price: How cheap it is.
        stake: What it has at stake; at most 0.1.
        affinity: Whether it is specialised in the type, or knows the sticky key.
    """

    quality: Level
    latency: Level
    headroom: Level
    price: Level
    stake: _Share
    affinity: Level


class PoliciesReplacement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of assignment as a whole; what is left out goes back to how it was set up.

    Attributes:
        weights: What each feature counts; left out: as configured.
        default: The policy of all types of tasks that have none of their own.
        by_type: Policy by type of task.
    """

    weights: FeatureWeights | None = None
    default: Name = SCORED.name
    by_type: dict[Name, Name] = {}

    def command(self, condition: Precondition) -> ReplaceAssignmentRules:
        """Return the command.

        Raises:
            InvalidWeights: They do not add up to 1, or one is out of bounds.
        """
        given = self.weights
        return ReplaceAssignmentRules(
            weights=None if given is None else weights_of(msgspec.structs.asdict(given)),
            default=self.default,
            by_type=self.by_type,
            condition=condition,
        )


class TypePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The policy of one type of task, by its name."""

    policy: Name

    def command(self, task_type: str, condition: Precondition) -> SetTypePolicy:
        """Return the command."""
        return SetTypePolicy(task_type=task_type, policy=self.policy, condition=condition)
