"""Live figures of the system metrics: the last minutes, the best and the worst, their size."""

from datetime import timedelta
from fractions import Fraction
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentUnregistered
from aia_mas.domain.orchestration.task_events import ReleaseReason, TaskReleased, TaskStatus
from aia_mas.projections.metrics_ranking import LEAST, SHOWN, Ranking
from aia_mas.projections.system_metrics import SystemMetrics

from .metrics_stories import START, Story


def test_throughput_is_of_the_last_minutes_and_fades_with_the_clock() -> None:
    story = Story().agent("a")
    for name in range(10):
        story.after(seconds=6).submit(str(name)).assign(str(name)).complete(str(name))
    story.given_up(5)
    throughput = story.metrics.current(story.now).throughput

    assert (throughput.completed_per_minute, throughput.failed_per_minute) == (2.0, 1.0)
    assert {name: window.completed for name, window in throughput.windows.items()} == {
        "1m": 10,
        "5m": 10,
        "15m": 10,
    }
    assert throughput.windows["1m"].completed_per_minute == 10.0
    assert throughput.windows["15m"].submitted_per_minute == 1.0

    later = story.metrics.current(story.now + timedelta(seconds=31)).throughput.windows
    assert [window.completed for window in later.values()] == [5, 10, 10]
    late = story.metrics.current(START + timedelta(hours=1)).throughput
    assert (late.events_per_minute, late.completed_per_minute) == (0.0, 0.0)
    assert late.windows["15m"].submitted == 0


def test_a_window_is_exact_to_the_second_however_long_the_story() -> None:
    story, random = Story().agent("a", 99), Random(7)
    done = []
    for _ in range(3_000):
        story.after(milliseconds=random.randrange(1, 2_000)).done(1)
        done.append(story.now)
    for minutes in (1, 5, 15):
        start = story.now.replace(microsecond=0) - timedelta(minutes=minutes)
        window = story.metrics.current(story.now).throughput.windows[f"{minutes}m"]
        assert window.completed == window.submitted == sum(at >= start for at in done)


def test_recent_durations_are_of_the_last_quarter_of_an_hour_and_fade_with_the_clock() -> None:
    story = Story().agent("a", 99)

    def waited(seconds: float) -> None:
        name = str(len(story.told))
        story.submit(name).after(seconds=seconds).assign(name).after(seconds=1).complete(name)

    def recent() -> tuple[int, int, int]:
        current = story.metrics.current(story.now)
        return (
            current.recent_waiting.count,
            current.recent_waiting.longest,
            current.recent_execution.mean,
        )

    waited(9)
    assert recent() == (1, 9_000, 1_000)
    story.after(minutes=10)
    waited(2)
    assert recent() == (2, 9_000, 1_000)
    story.after(minutes=5)  # also without any event that would tell
    assert recent() == (1, 2_000, 1_000)
    waited(1)
    assert recent() == (2, 2_000, 1_000)
    story.after(minutes=15)
    assert recent() == (0, 0, 0)
    assert story.metrics.current(story.now).waiting.count == 3


def test_the_best_and_the_worst_have_enough_behind_them() -> None:
    story = Story()
    for name in ("good", "fair", "bad", "new"):
        story.agent(name, 99)
    story.done(LEAST, "good")
    story.done(8, "fair").given_up(2, "fair")
    story.done(1, "bad").given_up(19, "bad")
    story.done(LEAST - 1, "new")
    current = story.metrics.current()

    assert [(agent.agent_id, agent.success_rate) for agent in current.top_agents] == [
        ("good", 1.0),
        ("fair", 0.8),
        ("bad", 0.05),
    ]
    assert current.bottom_agents == current.top_agents[::-1]
    assert current.bottom_agents[0].finished == 20

    story.tell("agent/bad", AgentUnregistered(at=START)).done(1, "new")
    current = story.metrics.current()
    assert [agent.agent_id for agent in current.bottom_agents] == ["fair", "good", "new"]
    story.agent("bad")
    assert story.metrics.current().bottom_agents[0].agent_id == "bad"


def test_what_was_moved_by_hand_does_not_count_in_the_ranking() -> None:
    story = Story().agent("moved", 99).done(LEAST, "moved")
    story.submit("x").assign("x", "moved")
    moved = TaskReleased(
        agent_id="moved",
        attempt=1,
        reason=ReleaseReason.REASSIGNED,
        outcome=TaskStatus.QUEUED,
        released_at=START,
    )
    story.tell("task/x", moved)
    current = story.metrics.current()

    (ranked,) = current.top_agents
    assert (ranked.success_rate, ranked.finished) == (1.0, LEAST)
    assert current.tasks.released_attempts == 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_the_ends_of_a_ranking_are_those_of_all_sorted(figures: list[tuple[int, int]]) -> None:
    ranking = Ranking()
    for number, (completed, failed) in enumerate(figures):
        ranking.note(str(number), 0, 0)
        ranking.note(str(number), completed, completed + failed)
    enough = [
        (Fraction(completed * 10**6 // (completed + failed)), completed + failed, number)
        for number, (completed, failed) in enumerate(figures)
        if completed + failed >= LEAST
    ]
    best = sorted(enough, key=lambda each: (-each[0], -each[1], each[2]))[:SHOWN]
    worst = sorted(enough, key=lambda each: (each[0], -each[1], each[2]))[:SHOWN]

    for found, wanted in zip(ranking.ends(), (best, worst), strict=True):
        assert [agent.agent_id for agent in found] == [str(number) for *_, number in wanted]


def test_a_frame_stays_small_however_much_there_is() -> None:
    story = Story()
    for number in range(300):
        agent_id = f"{number:03}" + "a" * 125
        story.agent(agent_id, 99).done(LEAST, agent_id)
        story.submit(str(number), task_type=f"{number:03}" + "t" * 125)
    assert len(msgspec.json.encode(story.metrics.current())) < 20_000


@pytest.mark.parametrize("seed", range(5))
def test_a_fold_that_was_restored_on_the_way_shows_the_same(seed: int) -> None:
    story, random = Story(), Random(seed)
    for number in range(40):
        story.agent(f"a{number}", 9)
    for _ in range(400):
        agent_id = f"a{random.randrange(40)}"
        story.after(seconds=random.randrange(40))
        story.done(1, agent_id) if random.random() < 0.7 else story.given_up(1, agent_id)

    restored, half = SystemMetrics(), len(story.told) // 2
    for recorded in story.told[:half]:
        restored.apply(recorded)
    pieces = list(at_once(restored.snapshot()))
    restored = SystemMetrics()
    at_once(restored.restore(pieces))
    for recorded in story.told[half:]:
        restored.apply(recorded)
    assert restored.current(story.now) == story.metrics.current(story.now)
    assert list(at_once(restored.snapshot())) == list(at_once(story.metrics.snapshot()))
