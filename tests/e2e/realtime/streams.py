"""A client of server-sent events."""

import json
from typing import Any, NamedTuple

import httpx


class Told(NamedTuple):
    """One event."""

    kind: str
    id: str
    data: dict[str, Any]


class Stream:
    """A client of an event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.lines = response.iter_lines()

    def rest(self) -> list[str]:
        """Return all lines until the stream ends."""
        return [line for line in self.lines if line]

    def next(self, *kinds: str) -> Told:
        """Return the next event of these kinds."""
        fields: dict[str, str] = {}
        for line in self.lines:
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "event" in fields:
                if fields["event"] in kinds:
                    return Told(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                fields = {}
            else:
                fields = {}
        raise AssertionError("the stream ended")
