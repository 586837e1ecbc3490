"""The registry of commands about statements: reads, decision and answer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers
from aia_mas.domain.economy import statements
from aia_mas.domain.economy.statements import ToldClosing, told_closing
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = statements.EVENTS

EVOLVERS: Evolvers = {"statement": statements.evolve}

STATES: Mapping[str, type[msgspec.Struct]] = {"statement": statements.StatementState}


def handlers() -> Handlers:
    """Return the handlers of all commands about statements."""
    return {
        statements.CloseMonth: Handler(
            lambda c: (statements.statement_stream(c.account_id, c.month),),
            statements.close_month,
            _closing,
        )
    }


def _closing(state: statements.StatementState, _command: object) -> ToldClosing:
    return told_closing(state.closed)
