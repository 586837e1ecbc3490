"""What is answered to acknowledgements, over HTTP and over sockets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from aia_mas.domain.kernel import DomainError
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.http.schemas.message_delivery import AcknowledgedItem, AcknowledgedItems


class Acknowledged(NamedTuple):
    """What became of acknowledgements.

    Attributes:
        content: Each of them, in their order.
        position: Where the last one stands in the log; None: none was taken.
    """

    content: AcknowledgedItems
    position: int | None


def acknowledged(
    message_ids: Sequence[str], results: Sequence[int | DomainError], path: str
) -> Acknowledged:
    """Return what became of acknowledgements.

    Args:
        message_ids: Of which messages.
        results: For each its position in the log, or why it was not taken.
        path: What was asked, for problems.
    """
    items = [_item(*each, path) for each in zip(message_ids, results, strict=True)]
    positions = [each for each in results if isinstance(each, int)]
    content = AcknowledgedItems(
        items=items, acknowledged=len(positions), refused=len(items) - len(positions)
    )
    return Acknowledged(content, max(positions, default=None))


def _item(message_id: str, result: int | DomainError, path: str) -> AcknowledgedItem:
    if isinstance(result, int):
        return AcknowledgedItem(message_id=message_id, status=200)
    problem = problem_answer(result, instance=path, request_id="")
    body = msgspec.Raw(problem.body)
    return AcknowledgedItem(message_id=message_id, status=problem.status, problem=body)
