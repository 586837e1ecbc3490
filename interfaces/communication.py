"""Everything that a node has for messages, wired together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aia_mas.application.communication.asking import Asking
from aia_mas.application.communication.catching_up import CatchingUp
from aia_mas.application.communication.collecting import PREFETCH, Collection
from aia_mas.application.communication.contents import Contents
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.polling import Polls
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.application.communication.reading import (
    BridgeReading,
    MessageReading,
    read_messages,
)
from aia_mas.application.communication.records import Records
from aia_mas.application.communication.replies import Replies
from aia_mas.application.communication.sealing import Sealing
from aia_mas.application.communication.sorting import Sorting
from aia_mas.application.event_handlers.handlings import Handlings
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.processes import message_webhooks
from aia_mas.application.processes.courier import LEASE, Courier
from aia_mas.application.processes.message_webhooks import MessageWebhooks
from aia_mas.application.settings import Settings
from aia_mas.application.webhooks.lines import Backoff
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.terms import MessageTerms, ToUnknown, WhenFull
from aia_mas.interfaces.process_folds import MAILROOM
from aia_mas.interfaces.redis_bridge import LEASE as BRIDGE
from aia_mas.interfaces.redis_bridge import bridge_of
from aia_mas.interfaces.settling import Settling

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


def terms_of(settings: Settings) -> MessageTerms:
    """Return what holds for messages by these settings."""
    return MessageTerms(
        queue_size=settings.message_queue_size,
        retention=settings.message_retention,
        held=settings.message_held,
        when_full=WhenFull(settings.message_when_full),
        to_unknown=ToUnknown(settings.message_to_unknown),
        max_payload_bytes=settings.message_max_payload_bytes,
        ack_seconds=settings.message_ack_seconds,
        ttl_seconds=settings.message_ttl_seconds,
        attempts=settings.message_attempts,
        backoff_base_seconds=settings.message_backoff_seconds,
        backoff_cap_seconds=settings.message_backoff_cap_seconds,
    )


class Communication:
    """Messages as a node knows them.

    Attributes:
        terms: Their bounds and defaults.
        fold: What waits for whom.
        host: Keeps it up to date.
        sealing: Encrypts payloads, and reads them.
        sorting: Finds out where messages go.
        contents: What stands in them.
        office: Delivers them to whoever collects here.
        polls: Those who ask for them from time to time.
        replies: Those who wait for answers.
        asking: Asks questions for them.
        settling: Takes what recipients say of messages.
        courier: Ends what is not delivered any more.
        webhooks: Sends them to endpoints.
        bridge: Serves agents that speak Redis; None: this node is not told to.
        handlings: Calls functions of programs with events, messages among them.
        leads: What a node leads for them, by the name of its lease.
    """

    def __init__(
        self, system: System, active_tasks: Callable[[str], int], look_seconds: float = 0.25
    ) -> None:
        """Wire it for a node that is wired but for this.

        Args:
            system: The node.
            active_tasks: Tells how many tasks an agent holds.
            look_seconds: How late it may be noticed that a time is over.
        """
        clock = system.clock
        self.terms = terms_of(system.settings)
        self.fold = MailroomFold()
        self.host = FoldHost(
            system.log, self.fold, system.stores.folds, categories=MAILROOM.categories
        )
        settings, hooks = system.settings, system.webhooks
        self.sealing = Sealing(settings.message_keys, settings.message_encrypted_topics)
        self.sorting = Sorting(lambda: self.fold.state, self.terms, active_tasks, self.sealing)
        self.fold.on_sent.append(self.sorting.follow)
        self.fold.on_restored.append(self.sorting.restart)
        self.contents = Contents(system.log, self.sealing.opened)

        async def head() -> int:
            return (await system.log.head()).position

        current = CatchingUp(head, self.host.reached)
        records = Records(system.engine, self.host.reached, clock, system.new_id, system.new_id())
        self.office = PostOffice(
            self.fold,
            self.contents,
            records,
            self.terms,
            clock,
            system.random,
            current,
            interval=0.4 * look_seconds,
        )
        self.polls = Polls(self.office, clock)
        self.replies = Replies(self.fold, self.contents, self.office, clock)
        self.asking = Asking(self.replies, self.contents, system.log)
        self.settling = Settling(
            self.office, self.fold, self.host, system.log, lambda: system.projections, clock
        )
        self.courier = Courier(self.fold, self.host, self.terms, clock, interval=look_seconds)
        self.webhooks = MessageWebhooks(
            hooks.fold,
            self.fold,
            self.host,
            self.office,
            hooks.posting,
            system.workload,
            clock,
            random=system.random,
            backoff=Backoff(
                settings.webhook_retry_base_seconds,
                settings.webhook_retry_cap_seconds,
                system.random,
            ),
            disable_after=settings.webhook_disable_after,
        )
        stores = system.stores
        self.handlings = Handlings(system.log, stores.handlers, stores.leases, clock)
        # Where all is in memory, endpoints are not called.
        in_memory = system.stores.kind == "memory"
        sending = () if in_memory else ((message_webhooks.LEASE, self.webhooks.lead),)
        self.bridge = bridge_of(system)
        bridging = () if self.bridge is None else ((BRIDGE, self.bridge.lead),)
        self.leads = ((LEASE, self.courier.lead), *sending, *bridging)
        self._clock = clock

    @property
    def mailroom(self) -> Mailroom:
        """What waits for whom, as far as ``host`` has come."""
        return self.fold.state

    def close(self) -> None:
        """Have nobody wait any more for messages or answers: the node is stopping."""
        self.polls.close()
        self.replies.close()

    def reading(self) -> MessageReading:
        """Return messages in numbers, as this node knows them now."""
        return read_messages(self.fold.state, self.office)

    def bridged(self) -> BridgeReading | None:
        """Return what the bridge to Redis has done; None: there is none."""
        return None if self.bridge is None else self.bridge.reading()

    def collect(
        self, recipient: str, transport: str, prefetch: int | None = PREFETCH
    ) -> Collection:
        """Return what collects the messages of a recipient; see ``Collection``."""
        return Collection(self.office, self._clock, recipient, transport, prefetch)
