"""One recipient says two things of a message at once, each on another node: one of them holds."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from aia_mas.application.settings import Settings
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.errors import AlreadyAcknowledged
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.kernel import DomainError, Principal, Role
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.settling import Refused
from aia_mas.projections.communication.standing import MessageStatus

pytestmark = pytest.mark.anyio

ADMIN = Principal(subject="ann", roles=frozenset({Role.ADMIN}))
SENT = [
    SendMessage(
        message_id=f"m{number}",
        from_agent="ann",
        to=Destination(agents=("ben",)),
        message_type="note",
        max_attempts=50,
    )
    for number in range(20)
]


async def test_what_was_acknowledged_on_another_node_is_not_told_to_be_dead(database: str) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as one, System(settings) as other:
        position = 0
        for message in SENT:
            position = (await one.engine.execute(message, ADMIN)).position
        await other.communication.host.reached(position)

        async def settled(message_id: str) -> Refused | DomainError:
            async def refuse() -> Refused | DomainError:
                try:
                    return await other.communication.settling.refuse(
                        "ben", message_id, retry_after=60.0
                    )
                except DomainError as error:
                    return error

            acknowledged, refused = await asyncio.gather(
                one.communication.settling.acknowledge("ben", [message_id]), refuse()
            )
            assert all(isinstance(each, int) for each in acknowledged)
            return refused

        with anyio.fail_after(30):
            outcomes = [await settled(message.message_id) for message in SENT]

        for outcome in outcomes:
            assert isinstance(outcome, AlreadyAcknowledged) or (
                isinstance(outcome, Refused) and outcome.status is MessageStatus.FAILED
            ), outcome
