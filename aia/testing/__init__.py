"""For the tests of programs that use the system: all of it in memory, with a clock to be moved."""

from aia.testing.agent import WorkingAgent
from aia.testing.context import Context, ThreadContext
from aia.testing.errors import NeverAtRest, NeverHappened, NotRunning
from aia.testing.mas import InMemoryMas

__all__ = [
    "Context",
    "InMemoryMas",
    "NeverAtRest",
    "NeverHappened",
    "NotRunning",
    "ThreadContext",
    "WorkingAgent",
]
