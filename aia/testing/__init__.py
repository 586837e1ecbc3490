"""For the tests of programs that use the system: all of it in memory, with a clock to be moved."""

from aia.testing.errors import NeverAtRest, NotRunning
from aia.testing.mas import InMemoryMas

__all__ = ["InMemoryMas", "NeverAtRest", "NotRunning"]
