"""How the program `mas` ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; the README lists them."""

    FAILED = 1
    """Something else, and every check that did not pass."""
    SETTING = 2
    """A setting or an argument is wrong."""
    PORT = 3
    """The address cannot be listened on."""
    DATA_DIRECTORY = 4
    """The data directory cannot be used."""
    DISK_FULL = 5
    """The disk is full."""
    DATABASE = 6
    """The database cannot be reached or used."""
    REFUSED = 7
    """The server refused what was asked of it, or a part of that."""
    UNREACHABLE = 8
    """The server cannot be reached."""
    NOT_COMPLETED = 9
    """The task that was waited for ended otherwise than completed."""
    NOT_IN_TIME = 10
    """What was waited for did not happen in time."""
    DIFFERENT = 11
    """What was recomputed differs from what is there."""
    INTERRUPTED = 130
    """Stopped by a signal before it was done."""
