"""The whole life of agents and tasks, on real nodes: in any order, every promise is kept."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from aia_mas.application.event_log import slices
from aia_mas.domain.orchestration.agent_commands import RegisterAgent
from aia_mas.domain.orchestration.capabilities import Capabilities

from .client_rules import ClientRules
from .drawn import CAPABILITIES
from .fault_rules import FaultRules
from .overdue_rules import OverdueRules
from .world import World

# To shrink what fails takes longer than a test may hang, and the reason would be lost with it. Ask
# for it by `make test-long`, which makes up more stories, too, and other ones each time.
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
PHASES = [Phase.explicit, Phase.generate, *([Phase.shrink] if LONG else [])]


class Life(ClientRules, OverdueRules, FaultRules):
    """Everything that can happen."""

    @initialize(
        nodes=st.sampled_from([1, 2]),
        cap=st.sampled_from([None, None, 4]),
        first=st.lists(CAPABILITIES, max_size=3),
    )
    def begin(self, nodes: int, cap: int | None, first: list[Capabilities]) -> None:
        self.world = World(cap)
        for _ in range(nodes):
            self.world.add_node()
        self.world.let_lead(self.world.nodes[0])
        self.world.step()
        for number, capabilities in enumerate(first, 1):
            self.do(RegisterAgent(agent_id=f"a{number}", capabilities=capabilities))


@pytest.mark.usefixtures("virtual_time_only", "quiet")
def test_whatever_happens_every_promise_is_kept() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=1_600 if LONG else 80,
            stateful_step_count=40,
            deadline=None,
            derandomize=not LONG,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def virtual_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long work gives way by a count of seconds that never pass: every run is the same."""
    monkeypatch.setattr(slices, "perf_counter", lambda: 0.0)


@pytest.fixture
def quiet() -> Iterator[None]:
    """Nodes that die and lose their leases have a lot to tell."""
    before = structlog.get_config() if structlog.is_configured() else None
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()
    if before is not None:
        structlog.configure(**before)
