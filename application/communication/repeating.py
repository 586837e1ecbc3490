"""Recognises repeated requests to send, without keeping a plain digest of what was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec.structs import replace

from aia_mas.application.communication.sealing import Sealing
from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.errors import CommandIdReused

T = TypeVar("T")


async def guarded(sealing: Sealing, origin: Origin, run: Callable[[Origin], Awaitable[T]]) -> T:
    """Carry out a request to send messages; where there are keys its digest is kept under one.

    Whether a payload is sealed turns out only once its message was routed, so that counts for
    all. A request that was made under a former key, or before there was any, is recognised.

    Args:
        sealing: Knows the keys.
        origin: Where the request comes from.
        run: Carries it out in the name of an origin.

    Raises:
        CommandIdReused: The id was used for another request.
    """
    if origin.command_id is None:
        return await run(origin)
    first, *others = (*sealing.guards(origin.body_hash), origin.body_hash)
    try:
        return await run(replace(origin, body_hash=first))
    except CommandIdReused:
        # The id is known, so nothing is sent by looking under which digest it is.
        for other in others:
            try:
                return await run(replace(origin, body_hash=other))
            except CommandIdReused:
                continue
        raise
