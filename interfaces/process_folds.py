"""The folds that processes decide on, as read models: shown, and rebuilt like any other."""

from __future__ import annotations

from typing import Final

from aia_mas.application.communication.handlers import CATEGORIES as COMMUNICATION
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.economy.handlers import CATEGORIES as ECONOMY
from aia_mas.application.processes.deadlines import ExpiryFold
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.application.processes.settlement_fold import SettlementFold
from aia_mas.application.processes.webhook_fold import WebhookFold
from aia_mas.projections.registry import LiveView

_CATEGORIES = frozenset({"agent", "task"})
_DISPATCHING = _CATEGORIES | {"assignment", "dispatch", "limit", "parameters", "rewards", "stake"}


def _dispatching() -> DispatchFold:
    # Neither the cap nor the end of the log is part of what is folded.
    return DispatchFold(None, lambda: 0)


DISPATCHING: Final = LiveView(
    DispatchFold.name, DispatchFold.version, _dispatching, _DISPATCHING, "process"
)
"""What the dispatcher knows of agents and waiting tasks."""

EXPIRY: Final = LiveView(ExpiryFold.name, ExpiryFold.version, ExpiryFold, _CATEGORIES, "process")
"""What may run out."""

WEBHOOKS: Final = LiveView(
    WebhookFold.name, WebhookFold.version, WebhookFold, _CATEGORIES, "process"
)
"""What is to be sent to endpoints."""

SETTLEMENT: Final = LiveView(
    SettlementFold.name, SettlementFold.version, SettlementFold, _CATEGORIES | ECONOMY, "process"
)
"""What the settlement has to do."""

MAILROOM: Final = LiveView(
    MailroomFold.name,
    MailroomFold.version,
    MailroomFold,
    COMMUNICATION | {"agent"},
    "process",
)
"""What waits for whom."""

PROCESS_FOLDS: Final = (DISPATCHING, EXPIRY, WEBHOOKS, SETTLEMENT, MAILROOM)
