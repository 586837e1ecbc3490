"""The rows that a writer remembers of one table, so that it need not read what it wrote."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

MOST_ROWS: Final = 20_000
MOST_BYTES: Final = 16 * 2**20
"""Of their JSON; as Structs they take a few times more."""

_AT_ONCE = 100


class RememberedRows:
    """Rows by their keys, those used last at the end, bounded in number and in bytes.

    Attributes:
        rows: The rows.
        bytes: The length of their JSON, as far as they were written.
    """

    __slots__ = ("_sizes", "bytes", "rows")

    def __init__(self) -> None:
        """Remember nothing yet."""
        self.rows: dict[str, Any] = {}
        self.bytes = 0
        self._sizes: dict[str, int] = {}

    def written(self, key: str, size: int) -> None:
        """Note how long the JSON of a row is."""
        self.bytes += size - self._sizes.get(key, 0)
        self._sizes[key] = size

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self._sizes.clear()
        self.bytes = 0

    def trim(self) -> None:
        """Forget the longest unused until the rest is within bounds."""
        while len(self.rows) > MOST_ROWS or self.bytes > MOST_BYTES:
            # Some at once: the walk to the first one passes all that was deleted before it.
            for key in tuple(islice(self.rows, _AT_ONCE)):
                del self.rows[key]
                self.bytes -= self._sizes.pop(key, 0)
