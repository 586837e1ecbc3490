"""All agents at once, as arrays: who qualifies, who has room, who goes first, and why nobody."""

from aia_mas.domain.orchestration.fleet.choosing import Grounds, Pick
from aia_mas.domain.orchestration.fleet.roster import Fleet
from aia_mas.domain.orchestration.fleet.seat import FleetSnapshot
from aia_mas.domain.orchestration.fleet.why_not import Reason

__all__ = ["Fleet", "FleetSnapshot", "Grounds", "Pick", "Reason"]
