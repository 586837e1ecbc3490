"""The registry of commands about access: reads, decision and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers
from aia_mas.domain.access import revocations
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = revocations.EVENTS

EVOLVERS: Evolvers = {"revocation": revocations.evolve}

STATES: Mapping[str, type[msgspec.Struct]] = {"revocation": revocations.RevocationState}


def handlers() -> Handlers:
    """Return the handlers of all commands about access."""
    return {
        revocations.RevokeTokens: Handler(
            lambda _: (revocations.REVOCATIONS,), revocations.revoke_tokens, _revocation
        )
    }


def _revocation(state: revocations.RevocationState, command: Any) -> revocations.Revocation:
    return state.entries[revocations.key_of(command.subject, command.token_id)]
