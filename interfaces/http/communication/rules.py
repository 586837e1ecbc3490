"""Routing rules over HTTP: what becomes of messages of some kind."""

from __future__ import annotations

from litestar import Controller, delete, get, put
from litestar.params import FromPath, JSONBody

from aia_mas.application.communication.views import RuleView, rule_view
from aia_mas.domain.communication.errors import RuleNotFound
from aia_mas.domain.communication.rules import RemoveRule
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.answers import Answer, answer, no_content
from aia_mas.interfaces.http.commands import carry_out, position_headers
from aia_mas.interfaces.http.communication.paths import COMMUNICATION
from aia_mas.interfaces.http.communication.subscriptions import in_force
from aia_mas.interfaces.http.queries import PATIENCE, MinPosition, as_of, reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.message_routes import RuleList, RuleSettings
from aia_mas.interfaces.process_folds import MAILROOM


class RoutingRules(Controller):
    """Rules; each command holds for what this node takes in from the answer on."""

    path = f"{COMMUNICATION}/rules"
    tags = ("communication",)

    @get("/", operation_id="list_rules")
    async def list_rules(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[RuleList]:
        """List the routing rules, 256 at most, in the order in which they are followed."""
        await reached(request, MAILROOM.name, min_position)
        communication = request.system.communication
        rules = sorted(
            communication.mailroom.rules.values(),
            key=lambda rule: (not rule.enabled, rule.order, rule.rule_id),
        )
        content = RuleList(items=[rule_view(rule) for rule in rules])
        return answer(content, 200, [as_of(communication.host.position)])

    @get("/{rule_id:str}", operation_id="get_rule")
    async def get_rule(
        self, rule_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[RuleView]:
        """Return a routing rule."""
        check_id(rule_id, "rule_id")
        await reached(request, MAILROOM.name, min_position)
        communication = request.system.communication
        rule = communication.mailroom.rules.get(rule_id)
        if rule is None:
            raise RuleNotFound(rule_id=rule_id)
        return answer(rule_view(rule), 200, [as_of(communication.host.position)])

    @put("/{rule_id:str}", operation_id="set_rule")
    async def set_rule(
        self, rule_id: FromPath[str], data: JSONBody[RuleSettings], request: ApiRequest
    ) -> Answer[RuleView]:
        """Have a rule be like this, in place of the one of its id if there is one.

        Messages that meet it go elsewhere, to others as well, or at another priority, from the
        answer on; other nodes follow within milliseconds.
        """
        return await in_force(request, await carry_out(request, data.command(rule_id)))

    @delete("/{rule_id:str}", operation_id="remove_rule", status_code=204)
    async def remove_rule(self, rule_id: FromPath[str], request: ApiRequest) -> Answer[None]:
        """Remove a rule."""
        check_id(rule_id, "rule_id")
        result = await carry_out(request, RemoveRule(rule_id=rule_id))
        await request.system.communication.host.reached(result.position, PATIENCE)
        return no_content(position_headers(result))
