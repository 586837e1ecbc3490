"""The bridge: takes what is said on ``mas:send``, and publishes messages; one leader.

Redis forgets what nobody hears, so nothing here relies on it: whatever is done stands in the log
before its receipt, and a message that nobody acknowledged is published again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
import structlog
from anyio.abc import TaskGroup
from redis.asyncio import Redis
from redis.exceptions import RedisError

from aia_mas.application.communication.views import message_view
from aia_mas.application.engine.engine import Engine
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.slices import Slices
from aia_mas.domain.communication.authority import check_may_read
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.principal import Principal
from aia_mas.interfaces.http.errors import Unauthenticated
from aia_mas.interfaces.http.security import Authenticator, Credential
from aia_mas.interfaces.realtime.acting import Envelope, Receipt, refused
from aia_mas.interfaces.realtime.frames import payloads
from aia_mas.interfaces.realtime.mail import MailDesk
from aia_mas.interfaces.redis_bridge.channels import (
    REFUSED,
    SEND,
    Mailbox,
    Said,
    agent_channel,
    read_collect,
    read_said,
    topic_channel,
)
from aia_mas.interfaces.redis_bridge.mailbox import BridgedMailbox
from aia_mas.interfaces.redis_bridge.wire import Parcel, Wire

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

log = structlog.stdlib.get_logger("aia.redis")

LEASE = "redis-bridge"
_AWAY = (RedisError, OSError, TimeoutError)
_LOOK = 1.0
"""Seconds between looks whether somebody still listens, and may."""
_PAUSE = 1.0
_AT_ONCE = 64
"""What is carried out at once; beyond that nothing is listened to."""
_MOST_DESKS = 10_000
_encode = msgspec.json.Encoder().encode


class UnknownAct(InvalidValue):
    """There is nothing of this type to be done over Redis."""

    code = "unknown_type"


class RedisBridge:
    """Serves agents over Redis, for as long as this node leads it.

    Attributes:
        mailboxes: Whose messages are published, by recipient.
        refused: How much was said by nobody who is known.
    """

    def __init__(self, system: System, url: str) -> None:
        """Wire it (``url``: of Redis)."""
        self.mailboxes: dict[str, tuple[BridgedMailbox, anyio.CancelScope]] = {}
        self.refused = 0
        self._system = system
        self._url = url
        self._authenticator = Authenticator(system.settings, system.access.refuses)
        self._wire = Wire()
        self._desks: dict[tuple[str, Principal], MailDesk] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """Serve for as long as the lease lasts."""
        await self._system.communication.host.reached(lease.head)
        on_sent = self._system.communication.fold.on_sent
        on_sent.append(self._copy)
        try:
            while True:
                try:
                    await self._serve()
                except* _AWAY as away:
                    log.warning("redis_bridge_waits", error=str(away.exceptions[0]))
                except* Exception as failed:
                    # Whatever one agent says, all others are served.
                    log.exception("redis_bridge_failed", exc_info=failed)
                await self._system.clock.sleep(_PAUSE)
        finally:
            on_sent.remove(self._copy)

    async def _serve(self) -> None:
        redis = Redis.from_url(self._url, socket_connect_timeout=2, socket_timeout=5)
        listening = redis.pubsub(ignore_subscribe_messages=True)
        try:
            await listening.subscribe(SEND)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._wire.run, redis)
                tasks.start_soon(self._look_after, redis)
                slices = Slices()
                while True:
                    if slices.over():
                        # As long as there is something to hear, to listen gives nobody a turn.
                        await slices.give_way()
                    heard = await listening.get_message(timeout=_LOOK)
                    if heard is None:
                        await listening.ping()
                    elif heard["type"] == "message":
                        await self._take(tasks, heard["data"])
        finally:
            self.mailboxes.clear()
            self._wire.clear()
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await listening.aclose()  # type: ignore[no-untyped-call]
                await redis.aclose()

    async def _take(self, tasks: TaskGroup, data: bytes) -> None:
        if self._system.draining:
            return  # it has no receipt, so it is said again: to whoever serves next
        try:
            said = read_said(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            self._refuse("", "invalid_message", str(error))
            return
        authorization = None if said.token is None else f"Bearer {said.token}".encode()
        message = Envelope(
            type=said.type, id=said.id, idempotency_key=said.idempotency_key, data=said.data
        )
        try:
            credential = self._authenticator.credential(authorization)
            name = self._owner(said, credential)
        except Unauthenticated as error:
            self._refuse(said.id, error.code, error.detail)
            return
        except Exception as error:  # noqa: BLE001 - whoever said it is known, and is told why not
            self._refuse(said.id, getattr(error, "code", "internal_error"), str(error))
            return
        if said.type == "collect":
            self._collect(tasks, message, name, authorization)
        elif said.type == "leave":
            self._leave(name)
            self._tell_mailbox(message, name)
        else:
            # First: who stands in a row, and is never carried out, would keep others waiting there.
            await self._room.acquire()
            work = self._work(message, name, credential)
            if work is None:
                self._room.release()
            else:
                tasks.start_soon(self._carry_out, name, work)

    def _owner(self, said: Said, credential: Credential) -> str:
        principal = credential.principal
        name = said.agent_id or principal.agent_id or principal.subject
        check_id(name, "agent_id")
        check_may_read(principal, name)
        return name

    def _work(
        self, message: Envelope, name: str, credential: Credential
    ) -> Coroutine[Any, Any, bytes] | None:
        principal = credential.principal
        # Not the subject alone: what it may do is what this token says, not an earlier one.
        key = (name, principal)
        desk = self._desks.get(key)
        if desk is None:
            if len(self._desks) >= _MOST_DESKS:
                self._desks.clear()
            desk = self._desks[key] = MailDesk(
                self._system, name, principal, lambda frame: self._push(name, frame), SEND
            )
        if message.type not in desk.acts:
            words = ", ".join(("collect", "leave", *desk.acts))
            error = UnknownAct(f"type is one of {words}", field="type")
            self._push(name, refused(message, error, SEND).frame())
            return None
        return desk.take(message)

    async def _carry_out(self, name: str, work: Coroutine[Any, Any, bytes]) -> None:
        try:
            self._push(name, await work)
        finally:
            self._room.release()

    def _collect(
        self, tasks: TaskGroup, message: Envelope, name: str, authorization: bytes | None
    ) -> None:
        try:
            said = read_collect(message.data)
        except msgspec.MsgspecError as error:
            wrong = InvalidValue(str(error), field="data")
            self._push(name, refused(message, wrong, SEND).frame())
            return
        self._leave(name)
        scope = anyio.CancelScope()
        mailbox = BridgedMailbox(
            self._system,
            self._wire,
            name,
            authorization,
            said.prefetch,
            # It would be published again and again otherwise.
            scope.cancel,
        )
        # Known at once, before it runs: whoever says so again leaves this one.
        self.mailboxes[name] = (mailbox, scope)
        self._tell_mailbox(message, name, collecting=True)
        tasks.start_soon(self._run, mailbox, scope)

    async def _run(self, mailbox: BridgedMailbox, scope: anyio.CancelScope) -> None:
        try:
            with scope:
                await mailbox.run()
        finally:
            if self.mailboxes.get(mailbox.name) == (mailbox, scope):
                del self.mailboxes[mailbox.name]

    def _leave(self, name: str, *, in_order: bool = False) -> None:
        known = self.mailboxes.pop(name, None)
        if known is not None:
            known[0].in_order = in_order
            known[1].cancel()

    async def _look_after(self, redis: Redis) -> None:
        """End what nobody listens to any more, or may not; who listens is there."""
        while True:
            await self._system.clock.sleep(_LOOK)
            names = list(self.mailboxes)
            if not names:
                continue
            counts = await redis.pubsub_numsub(*map(agent_channel, names))
            for name, (_, count) in zip(names, counts, strict=True):
                mailbox, _ = self.mailboxes.get(name, (None, None))
                if mailbox is None:
                    continue
                may = self._may_still(mailbox)
                if not count or not may:
                    self._leave(name, in_order=not may)
                else:
                    self._system.presence.beat("agent", name)

    def _may_still(self, mailbox: BridgedMailbox) -> bool:
        try:
            self._authenticator.credential(mailbox.authorization)
        except Unauthenticated:
            return False
        return True

    def _copy(self, letter: Letter, event: MessageSent) -> None:
        """Copy a message to a topic to whoever listens; nothing encrypted, nothing put off."""
        if self._system.communication.fold.is_behind:
            return  # it is folded again: whoever listened has heard it
        if event.sealed is not None or letter.available > letter.sent_at:
            return
        for to in event.destinations:
            if to.topic is not None:
                view = message_view(letter.message_id, event, event.payload)
                payload = b'{"type":"message","position":%d,"data":%b}' % (
                    letter.position,
                    _encode(view),
                )
                self._wire.publish(Parcel(topic_channel(to.topic), payload))

    def _tell_mailbox(self, message: Envelope, name: str, *, collecting: bool = False) -> None:
        waiting = self._system.communication.mailroom.waiting(name)
        answer = Mailbox(agent_id=name, collecting=collecting, waiting=waiting)
        self._push(name, Receipt(id=message.id, status=200, data=answer).frame())

    def _push(self, name: str, frame: bytes) -> None:
        for payload in payloads(frame):
            self._wire.publish(Parcel(agent_channel(name), payload))

    def _refuse(self, message_id: str, code: str, detail: str) -> None:
        self.refused += 1
        log.info("redis_message_refused", code=code)
        if self._wire.is_busy:
            return  # whoever says so much in nobody's name keeps messages from no one
        told = {"type": "refused", "id": message_id, "code": code, "detail": detail}
        self._wire.publish(Parcel(REFUSED, _encode(told)))


def bridge_leads(
    system: System,
) -> tuple[tuple[str, Callable[[Lease, Engine], Awaitable[None]]], ...]:
    """Return what a node leads for agents that speak Redis: nothing unless it is told to."""
    settings = system.settings
    if settings.redis is None or settings.redis_bridge == "off" or system.stores.kind == "memory":
        return ()
    return ((LEASE, RedisBridge(system, settings.redis).lead),)
