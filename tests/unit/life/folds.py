"""What is folded from the log: live, from position 0, and from a snapshot on, it is the same."""

from __future__ import annotations

from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.expiry import Expiry
from aia_mas.domain.orchestration.expiry.snapshot import decode_piece
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.agent_rows import AgentWorkRow
from aia_mas.projections.performance_fold import AGENT_PERFORMANCE
from aia_mas.projections.system_metrics import SystemMetrics
from aia_mas.projections.task_board_fold import TASK_BOARD
from tests.unit.domain.dispatching_knowledge import known

from .books import Books
from .rows import Rows


class Folds:
    """One set of everything that is folded, without a dispatcher that reserves anything."""

    def __init__(self) -> None:
        self.dispatching = Dispatching()
        self.expiry = Expiry()
        self.metrics = SystemMetrics()
        self.board = Rows(TASK_BOARD)
        self.directory = Rows(AGENT_DIRECTORY)
        self.performance = Rows(AGENT_PERFORMANCE)

    def apply(self, recorded: RecordedEvent) -> None:
        """Fold one event."""
        self.dispatching.apply(recorded.stream, recorded.event)
        self.expiry.apply(recorded.stream, recorded.event)
        for fold in (self.metrics, self.board, self.directory, self.performance):
            fold.apply(recorded)

    def restore(self) -> None:
        """Go on from what would be stored now."""
        pieces = list(encode_snapshot(at_once(self.dispatching.snapshot())))
        self.dispatching = at_once(Dispatching.restore(at_once(decode_snapshot(pieces))))
        self.expiry = at_once(Expiry.restore(list(at_once(self.expiry.snapshot()))))
        metrics = list(at_once(self.metrics.snapshot()))
        at_once(self.metrics.restore(metrics))
        for rows in (self.board, self.directory, self.performance):
            rows.reload()

    def check_equal(self, other: Folds) -> None:
        """Check that another set says the same."""
        assert known(self.dispatching) == known(other.dispatching)
        assert stored(self.expiry) == stored(other.expiry)
        assert self.metrics.current() == other.metrics.current()
        assert self.metrics.history() == other.metrics.history()
        assert self.board.stored() == other.board.stored()
        assert self.directory.stored() == other.directory.stored()
        assert self.performance.stored() == other.performance.stored()

    def check_true(self, books: Books) -> None:
        """Check that the read models say what an onlooker knows."""
        counts = self.metrics.current().tasks.by_status
        assert {status: number for status, number in counts.items() if number} == books.statuses()
        board = self.board.tables[0]
        assert board.keys() == books.tasks.keys()
        for task in books.tasks.values():
            row, attempt = board[task.task_id], task.attempt
            assert (row.status, row.attempt) == (task.status, task.attempts)
            assert (row.priority, row.retry_at) == (task.terms.priority, task.due)
            if attempt is not None:
                assert (row.agent_id, row.lease) == (attempt.agent_id, attempt.lease)
        agents, work, *_ = self.directory.tables
        assert agents.keys() == books.agents.keys()
        for agent in books.agents.values():
            row = agents[agent.agent_id]
            assert (row.status, row.online) == (agent.status, agent.online)
            holds = len(books.held(agent.agent_id))
            did = work.get(agent.agent_id) or AgentWorkRow(agent.agent_id)
            assert (did.active_tasks, did.lost) == (holds, books.lost[agent.agent_id])
        sums = self.performance.tables[0].values()
        given = sum(row.assigned for row in sums if row.span == "all")
        assert given == len(books.leases)
        assert sum(row.lost for row in sums if row.span == "all") == books.lost.total()


def stored(expiry: Expiry) -> dict[str, Any]:
    """Return what a fold of what may run out knows, whatever came first."""
    pieces = [decode_piece(piece) for piece in at_once(expiry.snapshot())]
    return {
        "tasks": {key: value for piece in pieces for key, value in piece.tasks.items()},
        "online": {key: value for piece in pieces for key, value in piece.online.items()},
        "gone": {key: value for piece in pieces for key, value in piece.gone.items()},
        "suspended": {agent_id for piece in pieces for agent_id in piece.suspended},
    }
