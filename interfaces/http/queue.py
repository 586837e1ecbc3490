"""The queue over HTTP: its figures, limits of concurrency keys, pauses."""

from __future__ import annotations

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from aia_mas.application.orchestration.answers import LimitAnswer, PausesAnswer
from aia_mas.application.orchestration.queue_view import KeyView, QueueFigures
from aia_mas.domain.kernel.errors import NotFound
from aia_mas.domain.orchestration.bounds import check_key
from aia_mas.domain.orchestration.limits import RemoveLimit
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out
from aia_mas.interfaces.http.queries import Cursor, Cursors, Limit, MinPosition, Total, reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.queue import KeyPage, Limits, PauseRequest, Pauses
from aia_mas.interfaces.http.tasks import TASKS
from aia_mas.interfaces.process_folds import DISPATCHING


class QueueOperations(Controller):
    """The queue, and pauses of it."""

    path = TASKS
    tags = ("queue",)

    @get("/queue", operation_id="get_queue")
    async def get_queue(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[QueueFigures]:
        """Return how many tasks wait, by class, owner and type, and for how long."""
        await reached(request, DISPATCHING.name, min_position)
        return answer(request.system.queue_view.figures())

    @get("/pauses", operation_id="list_pauses")
    async def list_pauses(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[Pauses]:
        """Return what is paused, by whom and why."""
        await reached(request, DISPATCHING.name, min_position)
        return answer(Pauses(items=request.system.queue_view.pauses()))

    @post("/pause", operation_id="pause_tasks", status_code=200)
    async def pause(
        self, request: ApiRequest, data: JSONBody[PauseRequest | None] = None
    ) -> Answer[PausesAnswer]:
        """Assign nothing new of a type, or nothing at all; what runs goes on.

        Assignments that are on their way at this moment still arrive.
        """
        return answered(await carry_out(request, (data or PauseRequest()).pause()))

    @post("/resume", operation_id="resume_tasks", status_code=200)
    async def resume(
        self, request: ApiRequest, data: JSONBody[PauseRequest | None] = None
    ) -> Answer[PausesAnswer]:
        """End a pause: that of a type, or that of the whole fleet."""
        return answered(await carry_out(request, (data or PauseRequest()).resume()))


class LimitOperations(Controller):
    """Limits of concurrency keys."""

    path = f"{TASKS}/limits"
    tags = ("queue",)

    @get("/", operation_id="list_limits")
    async def list_limits(
        self,
        request: ApiRequest,
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[KeyPage]:
        """List the concurrency keys that have a limit, or tasks that wait or run."""
        await reached(request, DISPATCHING.name, min_position)
        cursors = Cursors(request, [])
        view = request.system.queue_view
        items, following = await view.keys(cursors.open(cursor), limit)
        content = KeyPage(
            items=items,
            next_cursor=cursors.seal(following),
            total=view.count() if total else UNSET,
        )
        return answer(content)

    @get("/{key:str}", operation_id="get_limit")
    async def get_limit(
        self, key: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[KeyView]:
        """Return a concurrency key: its limits, what runs and what waits."""
        check_key(key, "key")
        await reached(request, DISPATCHING.name, min_position)
        view = request.system.queue_view.key(key)
        if view is None:
            raise NotFound("The key has no limit, and no task that waits or runs", key=key)
        return answer(view)

    @put("/{key:str}", operation_id="set_limit")
    async def set_limit(
        self, key: FromPath[str], data: JSONBody[Limits], request: ApiRequest
    ) -> Answer[LimitAnswer]:
        """Limit a key from now on; what is held already is not taken away."""
        return answered(await carry_out(request, data.command(key)))

    @delete("/{key:str}", operation_id="remove_limit", status_code=200)
    async def remove_limit(
        self, key: FromPath[str], request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[LimitAnswer]:
        """Lift what was set for a key; the limits that tasks have in mind hold again."""
        check_key(key, "key")
        return answered(await carry_out(request, RemoveLimit(key=key)))
