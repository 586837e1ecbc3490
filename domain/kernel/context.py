"""What a decision may know besides the state and the command."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.domain.kernel.principal import Principal


class Context(msgspec.Struct, frozen=True):
    """The circumstances of one decision; nothing in the domain reads a clock itself.

    Attributes:
        now: The current time, UTC.
        head: The last position of the log that this node knows.
        principal: Who gave the command.
    """

    now: datetime
    head: int
    principal: Principal
