"""Lines of the log as they are written: rendered quickly, and many in one write.

There is a line for every request, so both are worth it: through structlog's renderer and with a
write for each, the lines cost as much as all the rest of the HTTP stack.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Callable
from typing import Any, TextIO

import msgspec
import structlog

Render = Callable[[dict[str, Any]], str]
"""Makes a line of the fields of an event."""

HELD_SECONDS = 0.1
"""How long a line that may wait is held back, at most."""

_HELD_LINES = 200
_PLAIN = re.compile(r"[^\s=\"']+")
_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="string").encode


def as_json(fields: dict[str, Any]) -> str:
    """Render for collectors: one object a line."""
    return _encode(fields).decode()


def for_people(stream: TextIO) -> Render:
    """Return structlog's rendering for the console, in colours if the stream shows them."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty() and not os.environ.get("NO_COLOR"),
        exception_formatter=structlog.dev.plain_traceback,
    )
    return lambda fields: str(renderer(None, "", fields))


class Templates:
    """Renders events of one kind by a template, which the slow way of rendering has made."""

    def __init__(self, render: Render, varying: tuple[str, ...]) -> None:
        """Make the template when the first event comes.

        Args:
            render: The slow way. It shows texts without white space, quotes and ``=`` as they are,
                and anything else by ``repr``.
            varying: Fields that differ from event to event; all others tell kinds apart.
        """
        self._render = render
        self._varying = varying
        self._templates: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {}

    def __call__(self, fields: dict[str, Any]) -> str:
        """Render the fields of an event."""
        varying = self._varying
        kind: list[str] = []
        for name, value in fields.items():
            kind.append(name)
            if name not in varying:
                if type(value) is not str:
                    return self._render(fields)
                kind.append(value)
        key = tuple(kind)
        if (made := self._templates.get(key)) is None:
            made = self._templates[key] = self._made(fields)
        template, names = made
        values: list[str] = []
        for name in names:
            value = fields[name]
            if type(value) is not str:
                value = repr(value)
            elif not _PLAIN.fullmatch(value):
                return self._render(fields)
            values.append(value)
        return template % tuple(values)

    def _made(self, fields: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
        marks = {name: f"\0{name}\0" for name in self._varying if name in fields}
        line = self._render({**fields, **marks}).replace("%", "%%")
        names = tuple(sorted(marks, key=lambda name: line.index(marks[name])))
        for mark in marks.values():
            line = line.replace(mark, "%s")
        return line, names


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes records at once, but those whose attribute ``may_wait`` is true together.

    Lines keep their order. Whoever kills the process loses the held ones (``HELD_SECONDS``); what
    happened stands in the event log.
    """

    def __init__(self, stream: TextIO) -> None:
        """Write to a stream."""
        super().__init__(stream)
        self._held: list[str] = []
        self._due = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or keep it for a moment."""
        try:
            self._held.append(self.format(record))
            if len(self._held) < _HELD_LINES and getattr(record, "may_wait", False):
                self._flush_later()
            else:
                self.flush()
        except Exception:  # noqa: BLE001 - logging tells of it and goes on
            self.handleError(record)

    def flush(self) -> None:
        """Write what is held back."""
        self.acquire()
        try:
            held, self._held, self._due = self._held, [], 0.0
            if held:
                held.append("")
                self.stream.write(self.terminator.join(held))
            super().flush()
        finally:
            self.release()

    def _flush_later(self) -> None:
        if self._due > time.monotonic():
            return
        # Nothing is due yet, or a loop that has ended since never came to it.
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        self._due = time.monotonic() + 2 * HELD_SECONDS
        loop.call_later(HELD_SECONDS, self._flush_in_time)

    def _flush_in_time(self) -> None:
        try:
            self.flush()
        except Exception:  # noqa: BLE001 - as in ``emit``
            self.handleError(logging.makeLogRecord({"msg": "held lines"}))
