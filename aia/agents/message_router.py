"""Where messages go, and why: groups, topics, and rules that send them elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from aia.agents.communication_message import CommunicationMessage
from aia.agents.on_a_node import HOST, OnANode
from aia.agents.shapes import read_as
from aia_mas.application.communication.routing_table import RouteEntry, RouteKind, entries, members
from aia_mas.application.communication.views import RuleView
from aia_mas.domain.communication.mailbox import Subscribe, Unsubscribe
from aia_mas.domain.communication.rules import RemoveRule
from aia_mas.domain.communication.sending import check_message
from aia_mas.domain.communication.told import destination_fields
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.schemas.message_routes import RuleSettings

_TOLD = (RouteKind.CAPABILITY, RouteKind.ROLE, RouteKind.TOPIC, RouteKind.RULE)


class RouteExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message would go now.

    Attributes:
        destinations: Where, after the rules; each as in a message: ``{"topic": "tasks.created"}``.
        recipients: Who would get it by name.
        audience: How many others belong to the groups that it goes to.
        priority: Its class, after the rules.
        why: How it comes to go there, a sentence each.
        refusal: The code of why it would be refused, if it would be.
    """

    destinations: Sequence[Mapping[str, Any]]
    recipients: Sequence[str]
    audience: int
    priority: Priority
    why: Sequence[str]
    refusal: str | None = None


class MessageRouter(OnANode):
    """The routing table of the system; changes hold from the next message on."""

    async def routes(self) -> Sequence[RouteEntry]:
        """Return who gets what is sent to each capability, role and topic, and all rules."""

        async def get(system: System) -> list[RouteEntry]:
            mailroom = system.communication.mailroom
            return [entry for kind in _TOLD for entry in entries(mailroom, kind)]

        return await self._call(get)

    async def explain(self, message: CommunicationMessage) -> RouteExplanation:
        """Tell where a message would go if it were sent now, and why; nothing is sent.

        Raises:
            InvalidValue: It is none.
        """

        async def get(system: System) -> RouteExplanation:
            command, communication = message.command(system), system.communication
            check_message(command, system.clock.now(), communication.terms)
            route = communication.sorting.route(command)
            refusal = route.refusal()
            room, sender = communication.mailroom, command.from_agent
            groups = [to for to in route.destinations if to.is_group]
            return RouteExplanation(
                destinations=[destination_fields(to) for to in route.destinations],
                recipients=route.recipients,
                audience=sum(members(room, to, sender)[0] for to in groups),
                priority=route.priority,
                why=route.why,
                refusal=None if refusal is None else refusal.code,
            )

        return await self._call(get)

    async def rules(self) -> Sequence[RuleView]:
        """Return the rules by their ids."""
        entries = await self.routes()
        return [entry.rule for entry in entries if entry.rule is not None]

    async def add_rule(
        self,
        rule_id: str,
        match: Mapping[str, Any],
        *,
        to: Mapping[str, Any] | None = None,
        copy_to: Mapping[str, Any] | None = None,
        priority: str | None = None,
        last: bool = False,
        order: int = 100,
        enabled: bool = True,
        description: str = "",
    ) -> None:
        """Have a rule, in place of the one of its id if there is one.

        Args:
            rule_id: Its id.
            match: For which messages it is: ``message_type``, ``topic`` (a pattern),
                ``from_agent``, ``to_agent``, ``headers``; all that is given must hold.
            to: They go there, and not where they were sent: ``{"to_agent": "auditor"}``.
            copy_to: They go there, too.
            priority: They have this priority.
            last: No rule behind it is followed for them.
            order: Rules are followed from the lowest to the highest, then by id.
            enabled: It is followed at all.
            description: For people.

        Raises:
            InvalidValue: Something of it is not as it should be.
            TooManyRules: There are as many as there may be.
        """
        given = {
            "match": match,
            "to": to,
            "copy_to": copy_to,
            "priority": priority,
            "last": last,
            "order": order,
            "enabled": enabled,
            "description": description,
        }
        await self._changed(read_as(RuleSettings, given).command(rule_id))

    async def remove_rule(self, rule_id: str) -> None:
        """Have a rule no more.

        Raises:
            RuleNotFound: There is none of this id.
        """
        await self._changed(RemoveRule(rule_id=check_id(rule_id, "rule_id")))

    async def subscribe(self, agent_id: str, patterns: Iterable[str]) -> None:
        """Have what is sent to some topics go to an agent, too.

        Args:
            agent_id: Who.
            patterns: Topics like ``tasks.created``, or patterns like ``tasks.*`` and ``tasks.>``.

        Raises:
            InvalidValue: One is none, or the id is none.
            TooManySubscriptions: There would be more than there may be.
        """
        check_id(agent_id, "agent_id")
        await self._changed(Subscribe(agent_id=agent_id, patterns=_several(patterns)))

    async def unsubscribe(self, agent_id: str, patterns: Iterable[str]) -> None:
        """Have it go to the agent no more; what is not subscribed to changes nothing."""
        check_id(agent_id, "agent_id")
        await self._changed(Unsubscribe(agent_id=agent_id, patterns=_several(patterns)))

    async def subscriptions(self, agent_id: str) -> Sequence[str]:
        """Return what an agent is subscribed to."""

        async def get(system: System) -> Sequence[str]:
            recipient = system.communication.mailroom.directory.get(agent_id)
            return () if recipient is None else recipient.patterns

        return await self._call(get)

    async def _changed(self, command: msgspec.Struct) -> None:
        """Carry out a command; whatever is sent here from now on goes by it."""

        async def change(system: System) -> None:
            result = await system.engine.execute(command, HOST)
            await system.communication.host.reached(result.position)

        await self._call(change)


def _several(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return patterns; one alone is a mistake: its letters would be taken for topics."""
    if isinstance(patterns, str):
        raise InvalidValue("patterns is a list of them", field="patterns")
    return tuple(patterns)
