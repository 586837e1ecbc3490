"""Messages in numbers, over HTTP; for monitoring systems there is ``/metrics``."""

from __future__ import annotations

from litestar import Controller, get

from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.communication.paths import COMMUNICATION
from aia_mas.interfaces.http.queries import MinPosition, as_of, reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.message_metrics import CommunicationMetrics
from aia_mas.interfaces.message_figures import communication_figures
from aia_mas.interfaces.process_folds import MAILROOM


class CommunicationFigures(Controller):
    """What the mailroom of a node counts."""

    path = f"{COMMUNICATION}/metrics"
    tags = ("communication",)

    @get("/", operation_id="get_communication_metrics")
    async def get_metrics(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[CommunicationMetrics]:
        """Return messages in numbers: by priority what waits, arrived and failed, and how fast.

        What the log tells is of the whole system, since it began.
        """
        await reached(request, MAILROOM.name, min_position)
        content = await communication_figures(request.system)
        return answer(content, 200, [as_of(content.position)])
