"""The bridge: takes what is said on ``mas:send``, and publishes messages; one leader.

Redis forgets what nobody hears, so nothing here relies on it: whatever is done stands in the log
before its receipt, and a message that nobody acknowledged is published again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
import structlog
from anyio.abc import TaskGroup
from redis.asyncio import Redis
from redis.exceptions import RedisError

from aia_mas.application.communication.reading import BridgeReading
from aia_mas.application.communication.views import message_view
from aia_mas.application.engine.engine import Engine
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.slices import Slices
from aia_mas.domain.communication.authority import check_may_read
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.kernel.errors import DomainError, InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.principal import Principal
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
from aia_mas.interfaces.redis_bridge.faults import Faults
from aia_mas.interfaces.redis_bridge.mailboxes import LOOK, Mailboxes
from aia_mas.interfaces.redis_bridge.same_redis import SameRedis
from aia_mas.interfaces.redis_bridge.wire import Parcel, Wire

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

log = structlog.stdlib.get_logger("aia.redis")

LEASE = "redis-bridge"
_AWAY = (RedisError, OSError, TimeoutError)
_PAUSE = 1.0
_AGAIN = 0.1
_AT_ONCE = 64
"""What is carried out at once; beyond that nothing is listened to."""
_MOST_DESKS = 10_000
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
"""What the decoder raises: the last ones of what is nested too deeply, and of no UTF-8."""
_FAILED = "Something failed here"
_encode = msgspec.json.Encoder().encode


class UnknownAct(InvalidValue):
    """There is nothing of this type to be done over Redis."""

    code = "unknown_type"


class RedisBridge:
    """Serves agents over Redis, for as long as this node leads it.

    Attributes:
        faults: What was said to no effect.
    """

    def __init__(self, system: System, url: str) -> None:
        """Wire it (``url``: of Redis)."""
        self.faults = Faults(system.clock)
        self._system = system
        self._url = url
        self._authenticator = Authenticator(system.settings, self._is_revoked)
        self._wire = Wire()
        self._mailboxes = Mailboxes(system, self._wire, self._authenticator)
        self._desks: dict[tuple[str, Principal], MailDesk] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._longest = system.settings.max_body_bytes
        self._heard = 0
        self._dropped = 0

    def reading(self) -> BridgeReading:
        """Return what it has done."""
        return BridgeReading(
            heard=self._heard,
            refused=self.faults.counts,
            unanswered=self.faults.unanswered,
            published=self._wire.sent,
            dropped=self._dropped,
            mailboxes=len(self._mailboxes),
        )

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
            self.faults.tell(at_once=True)

    async def _serve(self) -> None:
        redis = Redis.from_url(
            self._url, socket_connect_timeout=2, socket_timeout=5, client_name="aia_mas_bridge"
        )
        same = SameRedis(redis)
        try:
            await same.begin()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._wire.run, redis, same)
                tasks.start_soon(self._mailboxes.look_after, redis, same)
                tasks.start_soon(self._tell_of_faults)
                while True:
                    try:
                        await self._listen(redis, tasks)
                    except _AWAY as error:
                        # Redis cuts off who does not keep up with it; mailboxes go on if it is
                        # only that.
                        await same.check()
                        log.warning("redis_bridge_listens_again", error=str(error))
                        await self._system.clock.sleep(_AGAIN)
        finally:
            self._mailboxes.clear()
            self._wire.clear()
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await redis.aclose()

    async def _listen(self, redis: Redis, tasks: TaskGroup) -> None:
        """Take what is said until the connection is lost."""
        listening = redis.pubsub(ignore_subscribe_messages=True)
        try:
            await listening.subscribe(SEND)
            slices = Slices()
            while True:
                heard = await listening.get_message(timeout=LOOK)
                if heard is None:
                    await listening.ping()
                elif heard["type"] == "message":
                    self._heard += 1
                    try:
                        await self._take(tasks, heard["data"])
                    except Exception as error:  # noqa: BLE001 - all others are to be served
                        self._refuse("", "internal_error", _FAILED, error)
                    await self._wire.has_room()
                if slices.over():
                    # What has come already is read without a pause.
                    await slices.give_way()
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await listening.aclose()  # type: ignore[no-untyped-call]

    async def _tell_of_faults(self) -> None:
        while True:
            await self._system.clock.sleep(LOOK)
            self.faults.tell()

    async def _take(self, tasks: TaskGroup, data: bytes) -> None:
        if self._system.draining:
            return  # it has no receipt, so it is said again: to whoever serves next
        if len(data) > self._longest:
            # Before anything is made of it.
            self._refuse("", "body_too_large", f"At most {self._longest} bytes are taken")
            return
        try:
            said = read_said(data)
        except _UNREADABLE as error:
            self._refuse("", "invalid_message", str(error))
            return
        authorization = None if said.token is None else f"Bearer {said.token}".encode()
        message = Envelope(
            type=said.type, id=said.id, idempotency_key=said.idempotency_key, data=said.data
        )
        try:
            credential = self._authenticator.credential(authorization)
            name = self._owner(said, credential)
        except DomainError as error:
            self._refuse(said.id, error.code, error.detail)
            return
        if said.type == "collect":
            self._collect(tasks, message, name, authorization)
        elif said.type == "leave":
            self._mailboxes.leave(name)
            self._tell_mailbox(message, name)
        else:
            # First: who stands in a row, and is never carried out, would keep others waiting there.
            await self._room.acquire()
            work = None
            try:
                work = self._work(message, name, credential)
            finally:
                if work is None:
                    self._room.release()
            if work is not None:
                tasks.start_soon(self._carry_out, name, work)

    def _is_revoked(self, credential: Credential) -> bool:
        return self._system.access.refuses(credential)

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
            if self.faults.note(error.code):
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
        except _UNREADABLE as error:
            wrong = InvalidValue(str(error), field="data")
            self._push(name, refused(message, wrong, SEND).frame())
            return
        self._mailboxes.open(tasks, name, authorization, said.prefetch)
        self._tell_mailbox(message, name, collecting=True)

    def _copy(self, letter: Letter, event: MessageSent) -> None:
        """Copy a message to a topic to whoever listens; nothing encrypted, nothing put off."""
        if self._system.communication.fold.is_behind:
            return  # it is folded again: whoever listened has heard it
        if event.sealed is not None or letter.available > letter.sent_at:
            return
        for to in event.destinations:
            if to.topic is None:
                continue
            if self._wire.is_full:
                self._dropped += 1  # who may not miss any has it in the mailbox
                continue
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

    def _refuse(
        self, message_id: str, code: str, detail: str, error: Exception | None = None
    ) -> None:
        if self.faults.note(code, error):
            told = {"type": "refused", "id": message_id, "code": code, "detail": detail}
            self._wire.publish(Parcel(REFUSED, _encode(told)))


def bridge_of(system: System) -> RedisBridge | None:
    """Return what serves agents that speak Redis; None: the node is not told to."""
    settings = system.settings
    if settings.redis is None or settings.redis_bridge == "off" or system.stores.kind == "memory":
        return None
    return RedisBridge(system, settings.redis)
