"""What recipients subscribed to, over HTTP, and the topics that there are."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from aia_mas.application.communication.handlers import Subscriptions
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.communication.mailbox import MOST_PATTERNS, Unsubscribe
from aia_mas.domain.communication.topics import check_pattern, check_topic, matches
from aia_mas.domain.kernel import Role
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out
from aia_mas.interfaces.http.communication.inbox import INBOXES
from aia_mas.interfaces.http.communication.paths import COMMUNICATION
from aia_mas.interfaces.http.communication.readers import reading_for, sees_all
from aia_mas.interfaces.http.queries import (
    PATIENCE,
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    as_of,
    given,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.message_routes import (
    Forwarding,
    KnownTopic,
    SubscribedPatterns,
    TopicPage,
)
from aia_mas.interfaces.process_folds import MAILROOM

_PATH = "/{agent_id:str}/subscriptions"


class TopicSubscriptions(Controller):
    """The topics of one recipient; each command holds on this node when it is answered."""

    path = INBOXES
    tags = ("communication",)

    @get(_PATH, operation_id="get_subscriptions")
    async def get_subscriptions(
        self, agent_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[Subscriptions]:
        """Return what a recipient subscribed to, and whether its endpoint gets its messages."""
        principal = request.principal
        check_id(agent_id, "agent_id")
        if not sees_all(principal) and not principal.has(Role.VIEWER):
            reading_for(request, agent_id)
        await reached(request, MAILROOM.name, min_position)
        communication = request.system.communication
        known = communication.mailroom.directory.get(agent_id)
        content = Subscriptions(
            agent_id=agent_id,
            patterns=() if known is None else known.patterns,
            webhook=known is not None and known.webhook,
        )
        return answer(content, 200, [as_of(communication.host.position)])

    @put(_PATH, operation_id="set_subscriptions")
    async def set_subscriptions(
        self, agent_id: FromPath[str], data: JSONBody[SubscribedPatterns], request: ApiRequest
    ) -> Answer[Subscriptions]:
        """Have exactly these subscriptions."""
        reading_for(request, agent_id)
        return await in_force(request, await carry_out(request, data.replacing(agent_id)))

    @post(_PATH, operation_id="add_subscriptions", status_code=200)
    async def add_subscriptions(
        self, agent_id: FromPath[str], data: JSONBody[SubscribedPatterns], request: ApiRequest
    ) -> Answer[Subscriptions]:
        """Subscribe to topics or patterns; those that there are already change nothing.

        In a pattern `*` stands for one word, and `>` for all that follow: `tasks.*`, `tasks.>`. A
        recipient gets a message once, however many of its patterns take it in.
        """
        reading_for(request, agent_id)
        return await in_force(request, await carry_out(request, data.adding(agent_id)))

    @delete(_PATH, operation_id="remove_subscriptions", status_code=200)
    async def remove_subscriptions(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        pattern: Annotated[
            list[str], QueryParameter(description="These; several times for several of them.")
        ],
    ) -> Answer[Subscriptions]:
        """Take subscriptions back; those that there are not change nothing."""
        reading_for(request, agent_id)
        given(_check_patterns, pattern)
        command = Unsubscribe(agent_id=agent_id, patterns=tuple(pattern))
        return await in_force(request, await carry_out(request, command))

    @put("/{agent_id:str}/forwarding", operation_id="forward_messages")
    async def forward_messages(
        self, agent_id: FromPath[str], data: JSONBody[Forwarding], request: ApiRequest
    ) -> Answer[Subscriptions]:
        """Have messages sent to the agent's endpoint, too, or not any more.

        Each is a signed POST whose answer acknowledges or refuses it; see `docs/webhooks.md`.
        """
        reading_for(request, agent_id)
        return await in_force(request, await carry_out(request, data.command(agent_id)))


class Topics(Controller):
    """What is subscribed to."""

    path = f"{COMMUNICATION}/topics"
    tags = ("communication",)

    @get("/", operation_id="list_topics")
    async def list_topics(
        self,
        request: ApiRequest,
        topic: Annotated[
            str | None, QueryParameter(description="Only patterns that take in this topic.")
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        min_position: MinPosition = 0,
    ) -> Answer[TopicPage]:
        """List the topics and patterns that somebody subscribed to, with how many did.

        Agents that are not registered any more do not count.
        """
        if topic is not None:
            given(check_topic, topic, "topic")
        await reached(request, MAILROOM.name, min_position)
        cursors = Cursors(request, [topic])
        mailroom = request.system.communication.mailroom
        listed = (
            KnownTopic(pattern=pattern, subscribers=crowd.bit_count())
            for pattern, crowd in mailroom.directory.topics(cursors.open(cursor) or "")
            if topic is None or matches(pattern, topic)
        )
        page = list(islice(listed, limit + 1))
        items = page[:limit]
        following = items[-1].pattern if len(page) > limit else None
        return answer(TopicPage(items=items, next_cursor=cursors.seal(following)))


async def in_force(request: ApiRequest, result: CommandResult) -> Answer[Any]:
    """Answer a command once this node sends messages by it; it is durable before."""
    await request.system.communication.host.reached(result.position, PATIENCE)
    return answered(result)


def _check_patterns(patterns: list[str]) -> None:
    if not 0 < len(patterns) <= MOST_PATTERNS:
        raise InvalidValue(f"pattern has 1 to {MOST_PATTERNS} values", field="pattern")
    for each in patterns:
        check_pattern(each, "pattern")
