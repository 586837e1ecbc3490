"""The registry of what the settlement does about incentive programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handlers
from aia_mas.domain.economy.incentives import commands, deciding, events, program
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = events.EVENTS

EVOLVERS: Evolvers = {"incentive": program.evolve}

STATES: Mapping[str, type[msgspec.Struct]] = {"incentive": program.ProgramState}


def handlers() -> Handlers:
    """Return the handlers of payments and ends of programs."""
    return {
        commands.PayAwards: over_streams(deciding.payment_streams, deciding.pay_awards, _nothing),
        commands.CloseProgram: over_streams(
            deciding.closing_streams, deciding.close_program, _nothing
        ),
    }


def _nothing(_state: Any, _command: Any) -> None:
    return None
