"""Time that an agent waits for an answer is no time of its work."""

import pytest

from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskInputGiven,
    TaskInputRequested,
    TaskReprioritised,
)
from aia_mas.domain.orchestration.task_specification import Priority

from .metrics_stories import Story


def asked(story: Story) -> Story:
    event = TaskInputRequested(agent_id="a", attempt=1, number=1, question="q", at=story.now)
    return story.tell("task/1", event)


def answered(story: Story) -> Story:
    event = TaskInputGiven(agent_id="a", attempt=1, number=1, by="o", at=story.now)
    return story.tell("task/1", event)


@pytest.mark.parametrize("with_answer", [True, False])
def test_only_work_is_counted(with_answer: bool) -> None:
    story = Story().agent("a").submit("1").assign("1").start("1").after(seconds=2)
    story = asked(story).after(hours=1)
    current = story.metrics.current()
    assert story.statuses() == {"input_required": 1}
    assert (current.tasks.active, current.agents.busy) == (1, 1)
    if with_answer:
        story = answered(story)
        assert story.statuses() == {"running": 1}
        story = asked(story.after(seconds=3)).after(hours=1)

    story.complete("1")

    current = story.metrics.current()
    assert current.execution.mean == (5_000 if with_answer else 2_000)
    assert (current.agents.busy, story.statuses()) == (0, {"completed": 1})


def test_a_moved_task_is_counted_in_its_new_class() -> None:
    story = Story().agent("a").submit("1")
    moved = TaskReprioritised(priority=Priority.LOW, since=story.now, by="o", at=story.now)
    story.tell("task/1", moved)

    by_priority = story.metrics.current().tasks.by_priority
    assert (by_priority["normal"]["queued"], by_priority["low"]["queued"]) == (0, 1)


def test_a_task_that_is_called_off_while_it_waits_frees_its_agent() -> None:
    story = asked(Story().agent("a").submit("1").assign("1").start("1"))
    story.tell("task/1", TaskCancelled(agent_id="a", attempt=1, by="o", at=story.now))
    assert story.metrics.current().agents.busy == 0
    assert story.statuses() == {"cancelled": 1}
