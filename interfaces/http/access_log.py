"""One line of the log for every request: what was asked, what came of it, how long it took."""

from __future__ import annotations

import logging
import time
from typing import Any

import structlog

from aia_mas.application.logs import Message

NAME = "aia.http"


class AccessLog:
    """Writes the lines straight to the standard library's logger, where all of ours end.

    There is one for every request, and where in the program it comes from is known; so the record
    is copied from a template instead of being looked up anew.
    """

    def __init__(self) -> None:
        """Use the logger of the HTTP interface."""
        # Made by structlog first, so that it is governed like the others of ours (see ``logs``).
        structlog.stdlib.get_logger(NAME).bind()
        self._logger = logging.getLogger(NAME)
        template = logging.LogRecord(NAME, logging.INFO, __file__, 0, "", (), None)
        # The line may wait for others, to be written with them (see ``LineHandler``).
        self._template: dict[str, Any] = {**vars(template), "may_wait": True}

    @property
    def enabled(self) -> bool:
        """Whether anybody listens."""
        return self._logger.isEnabledFor(logging.INFO)

    def write(self, fields: dict[str, Any]) -> None:
        """Write one line (``fields``: the event's name is ``event``)."""
        now = time.time()
        record = logging.LogRecord.__new__(logging.LogRecord)
        vars(record).update(self._template)
        record.created = now
        record.msecs = now % 1 * 1000
        record.msg = Message(fields)
        self._logger.handle(record)
