"""Messages over HTTP: sent one by one, many at once, to everybody, and with an answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody

from aia_mas.application.communication.handlers import SentMessage
from aia_mas.application.communication.repeating import guarded
from aia_mas.application.communication.views import MessageView
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.errors import InvalidBatchSize
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.commands import (
    REPLAYED,
    answered,
    location,
    origin_of,
    position_headers,
)
from aia_mas.interfaces.http.communication.asking import ask, carry_out_sending
from aia_mas.interfaces.http.communication.paths import COMMUNICATION, MESSAGES
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.messages import (
    MAX_BATCH,
    Broadcast,
    MessageBatch,
    MessageBatchItem,
    MessageBatchResult,
    MessageRequest,
    MessageToSend,
    Sending,
)


class _Sent(msgspec.Struct):
    message_id: str
    duplicate: bool = False


_sent = msgspec.json.Decoder(_Sent).decode


class MessageSending(Controller):
    """What is sent; it is durable, and queued for its recipients, when it is answered."""

    path = MESSAGES
    tags = ("communication",)

    @post("/send", operation_id="send_message", status_code=201)
    async def send(self, data: JSONBody[MessageToSend], request: ApiRequest) -> Answer[SentMessage]:
        """Send a message to an agent, to several, to a topic, a capability, a role, or to all.

        It is 200 when this very message exists already under its id; another one under the same id
        is 409 `message_exists_with_different_content`. An agent sends as itself, a client as its
        subject. 429 `inbox_full` when a recipient has as many waiting as it may have.
        """
        return await _send(request, data)

    @post("/send-batch", operation_id="send_messages", status_code=200)
    async def send_many(
        self, data: JSONBody[MessageBatch], request: ApiRequest
    ) -> Answer[MessageBatchResult]:
        """Send up to 1,000 messages, in order and in one commit.

        Each is accepted or refused on its own, unless `atomic` wants all or nothing.
        """
        origin = await origin_of(request)
        if not 0 < len(data.messages) <= MAX_BATCH:
            raise InvalidBatchSize(f"a batch has 1 to {MAX_BATCH} messages", field="messages")
        sending = sending_of(request)
        read = [_read(request, raw, sending) for raw in data.messages]
        refused = next((item for item in read if isinstance(item, DomainError)), None)
        if data.atomic and refused is not None:
            refused.facts["index"] = read.index(refused)
            raise refused
        commands = [item for item in read if isinstance(item, SendMessage)]
        results: Sequence[CommandResult | DomainError] = ()
        if commands:
            system = request.system
            results = await guarded(
                system.communication.sealing,
                origin,
                partial(system.engine.execute_many, commands, atomic=data.atomic),
            )
        outcomes = iter(results)
        items = [item if isinstance(item, DomainError) else next(outcomes) for item in read]
        accepted = [item for item in items if isinstance(item, CommandResult)]
        content = MessageBatchResult(
            items=[_item(request, item) for item in items],
            accepted=len(accepted),
            refused=len(items) - len(accepted),
        )
        if accepted:
            return answer(content, 200, position_headers(accepted[0]))
        replayed = any(getattr(item, "replayed", False) for item in results)
        return answer(content, 200, [REPLAYED] if replayed else ())

    @post("/request", operation_id="request_reply", status_code=200)
    async def request_reply(
        self, data: JSONBody[MessageRequest], request: ApiRequest
    ) -> Answer[MessageView]:
        """Send a message and return the answer to it, acknowledged, once somebody has sent that.

        The answer is the first message to the sender with the `correlation_id` of the question
        (its `message_id`, unless it says otherwise). 504 `reply_timeout` when none comes within
        `wait` seconds: the question stays sent, and an answer that comes later is in the inbox, or
        comes when the same is asked again under the same `Idempotency-Key`.
        """
        return await ask(
            request, data.command(sending_of(request), request.system.new_id()), data.wait
        )


class Broadcasting(Controller):
    """The shorter way to send to everybody."""

    path = f"{COMMUNICATION}/broadcast"
    tags = ("communication",)

    @post("/", operation_id="broadcast_message", status_code=201)
    async def broadcast(
        self, data: JSONBody[Broadcast], request: ApiRequest
    ) -> Answer[SentMessage]:
        """Send a message to all agents that are registered, but for its sender.

        It is one event, however many they are.
        """
        return await _send(request, data)


def sending_of(request: ApiRequest) -> Sending:
    """Return who sends with a request, and when."""
    system = request.system
    return Sending(request.principal, system.clock.now(), system.communication.terms)


async def _send(request: ApiRequest, data: MessageToSend | Broadcast) -> Answer[SentMessage]:
    command = data.command(sending_of(request), request.system.new_id())
    result = await carry_out_sending(request, command)
    # A repeated key answers with the first message, so its id is read from the answer.
    told = _sent(result.body)
    where = location(request, f"{MESSAGES}/{told.message_id}")
    return answered(result, 200 if told.duplicate else 201, [where])


def _read(request: ApiRequest, raw: msgspec.Raw, sending: Sending) -> SendMessage | DomainError:
    """Return the command of one item of a batch, or why there is none."""
    try:
        return decode(bytes(raw), MessageToSend).command(sending, request.system.new_id())
    except DomainError as error:
        return error


def _item(request: ApiRequest, item: CommandResult | DomainError) -> MessageBatchItem:
    if isinstance(item, CommandResult):
        status = 200 if _sent(item.body).duplicate else 201
        return MessageBatchItem(status=status, message=msgspec.Raw(item.body))
    # Without the request's id: a repetition under the same key gets the very same items.
    problem = problem_answer(item, instance=request.scope["path"], request_id="")
    return MessageBatchItem(status=problem.status, problem=msgspec.Raw(problem.body))
