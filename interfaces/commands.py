"""All that a node can be told to do: the handlers of every command, wired together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aia_mas.application import registry
from aia_mas.application.communication import handlers as communication
from aia_mas.application.economy.configured import tokens_of
from aia_mas.application.economy.paid_tasks import with_payments
from aia_mas.application.engine.handlers import Handlers, merged
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.dedup_keys import DedupKeys
from aia_mas.interfaces.communication import terms_of
from aia_mas.interfaces.economy import staking_of
from aia_mas.interfaces.webhooks import endpoint_check

if TYPE_CHECKING:
    from aia_mas.application.engine.working_set import WorkingSet
    from aia_mas.application.orchestration.admission import Admission
    from aia_mas.application.orchestration.seats import Seats
    from aia_mas.application.processes.dispatch_fold import DispatchFold
    from aia_mas.interfaces.bootstrap import System


def handlers_of(
    system: System,
    working_set: WorkingSet,
    dispatch_fold: DispatchFold,
    seats: Seats,
    admission: Admission,
) -> Handlers:
    """Return the handlers of a node that is wired but for these.

    Args:
        system: The node.
        working_set: Its states.
        dispatch_fold: What its dispatcher knows.
        seats: Keeps the limit of agents.
        admission: Keeps the limits of the queue, and chooses agents.
    """
    settings = system.settings
    agents_and_tasks = orchestration.handlers(
        active_tasks=dispatch_fold.active_tasks,
        seat=seats.place,
        place=DedupKeys(working_set, admission.place).place,
        policies=system.policies,
        tiers=system.tiers,
        stake=dispatch_fold.stake_of,
        failures=system.dispatcher.failures,
        check_endpoint=endpoint_check(settings),
        staking=staking_of(system, working_set),
    )
    return merged(
        [
            *registry.others(tokens_of(settings), working_set, lambda: system.economy.polls),
            communication.handlers(terms_of(settings), lambda: system.communication.sorting),
            with_payments(agents_and_tasks, working_set),
        ]
    )
