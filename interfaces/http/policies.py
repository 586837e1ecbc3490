"""The rules of assignment over HTTP: which policy chooses for which tasks, and what counts."""

from __future__ import annotations

from litestar import Controller, delete, get, put
from litestar.params import FromPath, JSONBody

from aia_mas.application.orchestration.rules_answer import PoliciesAnswer, rules_answer
from aia_mas.domain.orchestration.scoring.rules import SetTypePolicy
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out, etag, etag_of, precondition
from aia_mas.interfaces.http.queries import MinPosition, logged
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.policies import PoliciesReplacement, TypePolicy
from aia_mas.interfaces.http.tasks import TASKS


class AssignmentPolicies(Controller):
    """The rules of assignment; each command answers with them as they then are."""

    path = f"{TASKS}/policies"
    tags = ("tasks",)

    @get("/", operation_id="get_policies")
    async def get_policies(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[PoliciesAnswer]:
        """Return the policies there are, which one is in force for what, and the weights."""
        await logged(request, min_position)
        rules = await request.system.workload.rules()
        system = request.system
        content = rules_answer(system.policies, system.dispatcher.failures)(rules, None)
        return answer(content, 200, [etag(content.revision)])

    @put("/", operation_id="put_policies")
    async def put_policies(
        self, data: JSONBody[PoliciesReplacement], request: ApiRequest
    ) -> Answer[PoliciesAnswer]:
        """Set all of it, for every assignment from now on (If-Match: of this revision only)."""
        result = await carry_out(request, data.command(precondition(request)))
        return answered(result, 200, [etag_of(result)])

    @put("/{task_type:str}", operation_id="put_type_policy")
    async def put_type_policy(
        self, task_type: FromPath[str], data: JSONBody[TypePolicy], request: ApiRequest
    ) -> Answer[PoliciesAnswer]:
        """Set the policy of one type of task."""
        result = await carry_out(request, data.command(task_type, precondition(request)))
        return answered(result, 200, [etag_of(result)])

    @delete("/{task_type:str}", operation_id="delete_type_policy", status_code=200)
    async def delete_type_policy(
        self,
        task_type: FromPath[str],
        request: ApiRequest,
        data: JSONBody[Nothing | None] = None,
    ) -> Answer[PoliciesAnswer]:
        """Have the default policy choose for one type of task again."""
        condition = precondition(request)
        command = SetTypePolicy(task_type=task_type, policy=None, condition=condition)
        result = await carry_out(request, command)
        return answered(result, 200, [etag_of(result)])
