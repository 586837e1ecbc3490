"""Handlers of decisions that look at several streams, by the names of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aia_mas.application.engine.handlers import Answer, Handler, Placement, Reads
from aia_mas.domain.kernel import Context, Decision

Decide = Callable[[Mapping[str, Any], Any, Context], Decision]
"""``(states by stream, command, context) -> Decision``; pure."""


def over_streams(
    reads: Reads,
    decide: Decide,
    answer: Answer,
    *,
    creates: bool = False,
    place: Callable[[Any], Placement | None] | None = None,
) -> Handler:
    """Return the handler of a decision that takes all states as one mapping.

    Args:
        reads: The streams it needs, each once; the first one is what the answer is about.
        decide: The decision.
        answer: See ``Handler``.
        creates: See ``Handler``.
        place: See ``Handler``.
    """

    def decided(*arguments: Any) -> Decision:
        *states, command, ctx = arguments
        named = zip(reads(command), states, strict=True)
        return decide({name: state for name, state in named if name is not None}, command, ctx)

    return Handler(reads, decided, answer, creates=creates, place=place)
