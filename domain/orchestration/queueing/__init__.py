"""The order of waiting tasks: classes, owners in turn, concurrency keys (docs/adr/0008)."""

from aia_mas.domain.orchestration.queueing.accounts import Accounts
from aia_mas.domain.orchestration.queueing.concurrency_keys import ConcurrencyKeys, KeyState
from aia_mas.domain.orchestration.queueing.lines import Demand, Key, KeyLimit, Line, Pool, Share
from aia_mas.domain.orchestration.queueing.task_queue import Place, TaskQueue

__all__ = [
    "Accounts",
    "ConcurrencyKeys",
    "Demand",
    "Key",
    "KeyLimit",
    "KeyState",
    "Line",
    "Place",
    "Pool",
    "Share",
    "TaskQueue",
]
