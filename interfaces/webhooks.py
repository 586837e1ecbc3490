"""Everything that a node has for sending tasks to endpoints, wired together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.orchestration.endpoint_rules import CheckEndpoint
from aia_mas.application.processes.deliveries import LEASE, Deliveries
from aia_mas.application.processes.pings import Pings
from aia_mas.application.processes.webhook_fold import WebhookFold
from aia_mas.application.processes.webhook_records import PRINCIPAL
from aia_mas.application.settings import Settings
from aia_mas.application.webhooks.addresses import Allowed
from aia_mas.application.webhooks.figures import Figures
from aia_mas.application.webhooks.lines import Backoff
from aia_mas.application.webhooks.posting import Posting
from aia_mas.application.webhooks.secrets import Secrets
from aia_mas.application.webhooks.sending import Sender
from aia_mas.interfaces.http.schemas.webhooks import read_answer
from aia_mas.interfaces.process_folds import WEBHOOKS

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


def endpoint_check(settings: Settings) -> CheckEndpoint:
    """Return what refuses endpoints that may not be called by these settings."""
    return Allowed(settings.webhook_allowed_networks).check_url


class Webhooks:
    """Endpoints as a node knows them, and what sends to them.

    Attributes:
        fold: What is to be sent.
        host: Keeps it up to date.
        sender: Sends.
        posting: Composes and signs.
        figures: How it went.
        pings: Asks who gets nothing else.
        deliveries: The process.
        leads: What a node leads for it, by the name of its lease; nothing where all is in memory:
            there, endpoints are not called.
    """

    def __init__(self, system: System) -> None:
        """Wire it for a node that is wired but for this."""
        settings, clock, stores = system.settings, system.clock, system.stores
        self.fold = WebhookFold()
        self.host = FoldHost(system.log, self.fold, stores.folds, categories=WEBHOOKS.categories)
        self.sender = Sender(
            Allowed(settings.webhook_allowed_networks),
            seconds=settings.webhook_timeout_seconds,
            largest_answer=settings.max_body_bytes,
            at_once=settings.webhook_at_once,
            at_once_per_host=settings.webhook_at_once_per_host,
        )
        self.posting = Posting(
            self.sender, Secrets(stores.webhooks, settings.webhook_secret), clock
        )
        self.figures = Figures(stores.webhooks, clock)
        self.pings = Pings(
            self.posting,
            system.presence,
            system.workload,
            system.heartbeats,
            clock,
            system.new_id,
            PRINCIPAL,
            interval=settings.heartbeat_interval_seconds,
        )
        self.deliveries = Deliveries(
            self.fold,
            self.host,
            self.posting,
            self.figures,
            self.pings,
            system.claims,
            system.workload,
            system.heartbeats,
            clock,
            read=read_answer,
            random=system.random,
            backoff=Backoff(
                settings.webhook_retry_base_seconds,
                settings.webhook_retry_cap_seconds,
                system.random,
            ),
            disable_after=settings.webhook_disable_after,
        )
        self.leads = () if stores.kind == "memory" else ((LEASE, self.deliveries.lead),)
