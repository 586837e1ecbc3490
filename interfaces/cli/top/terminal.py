"""A live view on a terminal, with keys, and the signals that end it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio

from aia_mas.interfaces.cli.remote.standard_input import somebody_there
from aia_mas.interfaces.cli.remote.tables import console
from aia_mas.interfaces.cli.top.screen import draw, summary

if TYPE_CHECKING:
    from aia_mas.interfaces.cli.top.picture import Picture

_REFRESH = 0.5  # seconds between two drawings
_QUIT = frozenset("qQ\x03")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Let signals ask for the end instead of breaking off."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def show(
    picture: Picture, stop: asyncio.Event, *, every: float, note: str = "q quits"
) -> None:
    """Show a picture until it is to stop: on a terminal as a view, elsewhere as lines.

    Args:
        picture: What to show; somebody else keeps it up to date.
        stop: Set by whoever wants the end; ``q`` sets it, too.
        every: Seconds between two lines.
        note: What the last line of the view says.
    """
    target = console()
    if not target.is_terminal:
        while not stop.is_set():
            if picture.metrics is not None or picture.trouble:
                print(summary(picture), flush=True)
            with anyio.move_on_after(every if picture.metrics is not None else _REFRESH):
                await stop.wait()
        return
    from rich.live import Live

    with (
        _keys(stop),
        Live(console=target, screen=True, auto_refresh=False, redirect_stdout=False) as live,
    ):
        while not stop.is_set():
            live.update(draw(picture, *target.size, note), refresh=True)
            with anyio.move_on_after(_REFRESH):
                await stop.wait()


@contextmanager
def _keys(stop: asyncio.Event) -> Iterator[None]:
    """Let ``q`` ask for the end; the terminal is left as it was."""
    if not somebody_there():
        yield
        return
    import os
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def pressed() -> None:
        typed = os.read(descriptor, 64).decode("utf-8", "replace")
        if not typed or _QUIT.intersection(typed):
            stop.set()

    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, pressed)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
