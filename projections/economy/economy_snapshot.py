"""The figures of the economy as the fold host stores them: JSON, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.steps import Steps, chunks
from aia_mas.projections.economy.people import EconomyState, Person

_PER_PIECE = 50
"""People of a piece; one may have a hundred sums."""
_encode = msgspec.json.Encoder().encode
_state = msgspec.json.Decoder(EconomyState).decode
_people = msgspec.json.Decoder(dict[str, Person]).decode


def frozen(state: EconomyState) -> Steps[Iterator[bytes]]:
    """Copy what will change, and return what encodes the copy, piece by piece."""
    # People change: they are encoded at once, which takes no longer than to copy them.
    ready: list[bytes] = []
    last = _encode(replace(state, people={}))
    yield
    for some in chunks(state.people.items(), _PER_PIECE):
        ready.append(_encode(dict(some)))
        yield
    # Last, so that a snapshot that was cut off is none.
    ready.append(last)
    return iter(ready)


def thawed(pieces: Sequence[bytes]) -> Steps[EconomyState]:
    """Return the state of a snapshot.

    Raises:
        msgspec.MsgspecError: It is damaged, or of another version.
    """
    *parts, last = pieces
    state = _state(last)
    yield
    for data in parts:
        state.people |= _people(data)
        yield
    return state
