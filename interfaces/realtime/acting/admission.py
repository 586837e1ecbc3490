"""Why somebody who may have come in at the gate is not served, as the code a socket closes with."""

from __future__ import annotations

import psycopg

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue, NotFound, PermissionDenied
from aia_mas.interfaces.http.errors import RequestRefused
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing

REFUSALS = (DomainError, EventLogError, psycopg.Error, OSError)
"""What keeps somebody from being served."""


def closing_of(error: Exception) -> Closing:
    """Return with which code and reason a socket is closed for one of ``REFUSALS``."""
    match error:
        case PermissionDenied():
            return Closing(CloseCode.FORBIDDEN, error.code)
        case NotFound():
            return Closing(CloseCode.NOT_FOUND, error.code)
        case InvalidValue() | RequestRefused():
            return Closing(CloseCode.POLICY_VIOLATION, error.code)
        case DomainError() | EventLogError():
            return Closing(CloseCode.TRY_AGAIN_LATER, error.code)
    return Closing(CloseCode.TRY_AGAIN_LATER, "database_unavailable")
