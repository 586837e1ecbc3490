"""What a recipient says of one message, over HTTP: it has it, or cannot do anything with it."""

from __future__ import annotations

from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.ids import check_made_id
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.communication.paths import MESSAGES
from aia_mas.interfaces.http.communication.readers import reading_for
from aia_mas.interfaces.http.queries import as_of
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.message_delivery import Acknowledgement, Refusal, Settled
from aia_mas.projections.communication.standing import MessageStatus


class MessageSettling(Controller):
    """Every delivery ends with one of these, or is made again."""

    path = MESSAGES
    tags = ("communication",)

    @post("/{message_id:str}/ack", operation_id="acknowledge_message", status_code=200)
    async def acknowledge(
        self, message_id: FromPath[str], data: JSONBody[Acknowledgement], request: ApiRequest
    ) -> Answer[Settled]:
        """Say that a message has arrived: it is not delivered again.

        409 `message_already_acknowledged` says that this was known; `not_a_recipient` that it was
        sent to others, `message_closed` that it is dead, dropped or expired.
        """
        check_made_id(message_id, "message_id")
        reading_for(request, data.agent_id)
        settling = request.system.communication.settling
        (result,) = await settling.acknowledge(data.agent_id, [message_id])
        if isinstance(result, DomainError):
            raise result
        settled = Settled(
            message_id=message_id, agent_id=data.agent_id, status=MessageStatus.ACKNOWLEDGED
        )
        return answer(settled, 200, [as_of(result)])

    @post("/{message_id:str}/nack", operation_id="refuse_message", status_code=200)
    async def refuse(
        self, message_id: FromPath[str], data: JSONBody[Refusal], request: ApiRequest
    ) -> Answer[Settled]:
        """Give a message back: it is delivered again later, until its attempts are used up.

        With `requeue` false it is dead at once.
        """
        check_made_id(message_id, "message_id")
        reading_for(request, data.agent_id)
        data.check()
        refused = await request.system.communication.settling.refuse(
            data.agent_id,
            message_id,
            data.reason,
            attempt=data.attempt,
            retry_after=data.retry_after_seconds,
            requeue=data.requeue,
        )
        settled = Settled(
            message_id=message_id,
            agent_id=data.agent_id,
            status=refused.status,
            attempts=refused.attempts,
            retry_at=refused.retry_at,
        )
        return answer(settled, 200, [as_of(refused.position)])
