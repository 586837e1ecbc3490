"""Structured logs on the standard library's loggers, all of ours below ``aia``.

A host program keeps its own set-up of logging: importing us changes nothing, and our records reach
its handlers as readable lines. Only the command line calls ``configure``.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from aia_mas.application.log_lines import LineHandler, Render, Templates, as_json, for_people

SWITCH = "aia.agents"
"""The logger whose level the integration guide promises as the switch for all of ours."""


_VARYING = (
    "timestamp",
    "method",
    "path",
    "status",
    "duration_ms",
    "request_id",
    "actor",
    "problem",
)
"""Fields whose values differ between lines of one kind, of those that come in great number."""


class Message:
    """An event with its fields; a host's formatter sees it as ``event key=value ...``."""

    __slots__ = ("fields",)

    def __init__(self, fields: MutableMapping[str, Any]) -> None:
        """Keep the fields; ``event`` is among them."""
        self.fields = fields

    def __str__(self) -> str:
        """Return one line; only made when a handler wants it."""
        rest = " ".join(f"{key}={value!r}" for key, value in self.fields.items() if key != "event")
        return f"{self.fields.get('event', '')} {rest}".rstrip()


def use_standard_loggers() -> None:
    """Let structlog write to the standard library's loggers, unless the program has its own way.

    Without it structlog would print every line, whatever the levels of ``logging`` are.
    """
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            _as_record,
        ],
        wrapper_class=_QuickLogger,
        logger_factory=_logger,
        cache_logger_on_first_use=True,
    )


def configure(log_format: str, log_level: str, stream: TextIO | None = None) -> None:
    """Send all logs of this process to standard error; for programs of our own.

    Args:
        log_format: ``console`` for people, ``json`` for collectors, one object a line.
        log_level: Of our loggers; others' are heard from ``warning`` on.
        stream: Where to write instead of standard error.
    """
    use_standard_loggers()
    stream = stream or sys.stderr
    handler = LineHandler(stream)
    handler.setFormatter(_Formatter(as_json if log_format == "json" else for_people(stream)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("aia").setLevel(log_level.upper())
    logging.captureWarnings(True)


class _QuickLogger(structlog.stdlib.BoundLogger):
    """Leaves at once where nobody listens; commands pass by many such lines."""

    def debug(self, event: str | None = None, *args: Any, **fields: Any) -> Any:
        return (
            self._proxy_to_logger("debug", event, *args, **fields)
            if self._logger.isEnabledFor(logging.DEBUG)
            else None
        )

    def info(self, event: str | None = None, *args: Any, **fields: Any) -> Any:
        return (
            self._proxy_to_logger("info", event, *args, **fields)
            if self._logger.isEnabledFor(logging.INFO)
            else None
        )


def _logger(name: str = "aia", *_: Any) -> logging.Logger:
    """Return a logger; ours inherit from ``aia.agents``, so that one level governs them all."""
    logger = logging.getLogger(name)
    area = logging.getLogger(".".join(name.split(".")[:2]))
    if name.startswith("aia.") and area.name != SWITCH:
        area.parent = logging.getLogger(SWITCH)
    return logger


def _as_record(
    _: WrappedLogger, __: str, fields: EventDict
) -> tuple[tuple[Message], dict[str, Any]]:
    """End the chain of processors: the arguments of ``Logger.info`` and its like."""
    options = {name: fields.pop(name) for name in ("exc_info", "stack_info") if name in fields}
    return (Message(fields),), options


class _Formatter(logging.Formatter):
    """Renders our events and the records of others alike."""

    def __init__(self, render: Render) -> None:
        super().__init__()
        self._render = render
        self._templates = Templates(render, _VARYING) if render is not as_json else render
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "timestamp": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.msg, Message):
            fields |= record.msg.fields
        else:
            fields["event"] = record.getMessage()
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        if getattr(record, "may_wait", False):
            return self._templates(fields)
        return self._render(fields)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return RFC 3339 in UTC, to the millisecond."""
        second = int(record.created)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{int(record.created * 1000) % 1000:03d}Z"
