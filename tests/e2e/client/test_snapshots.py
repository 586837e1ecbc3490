"""How things stand, and then what happens: together always what the lists say."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from aia.client import Backoff
from aia.client.types import AgentUpdate, TaskSnapshot, TaskUpdate

from .cutting import CuttingWay
from .speaking import Speaker, speaking

NOBODY_S = {"skills": ["nobody-has-it"]}
API = "/mas/api/v1"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_pages_and_updates_add_up_to_what_the_list_says_however_often_they_are_cut(
    own_node: Any, way: Callable[[str], CuttingWay], kind: str, unique: str
) -> None:
    # Of this test alone: a snapshot may be of a moment at which that of another one still waits.
    last = f"the-last-one-{unique}"
    between, chance = way(own_node.url), random.Random(7)
    body = {"task_type": "watched", "requirements": NOBODY_S, "description": "x" * 1_000}
    with (
        speaking("sync", own_node.url, consistent=True) as other,
        speaking(kind, between.url, retries=Backoff(base_seconds=0.02)) as say,
    ):
        batch = other(lambda c: c.tasks.submit_batch([body] * 200))
        ids = [item.task.task_id for item in batch.items]
        other(lambda c: c.metrics.system())
        chance.shuffle(ids)

        def act() -> None:
            for task_id in ids[:60]:
                other(lambda c, task_id=task_id: c.tasks.cancel(task_id))
                if chance.random() < 0.2:
                    between.cut_all()
            other(lambda c: c.tasks.submit(last, requirements=NOBODY_S))

        acting = threading.Thread(target=act)
        acting.start()
        known, pages = folded(say, say(lambda c: c.tasks.watch()), last)
        acting.join()
        listed = {task.task_id: task.status for task in other.listed(lambda c: c.tasks.iterate())}
        assert known == listed
        assert between.cut
        assert pages > 3
        other(lambda c: c.tasks.cancel_many(filter={}))


def folded(say: Speaker, stream: Any, last: str) -> tuple[dict[str, str], int]:
    """Fold what a stream tells until it tells of the last task; also return the number of pages."""
    known: dict[str, str] = {}
    pages, over = 0, False
    while True:
        (update,) = say.taken(stream, 1)
        if isinstance(update, TaskSnapshot):
            pages += 1
            if update.first:
                known.clear()
            known.update({task.task_id: task.status for task in update.items})
            over = over or any(task.task_type == last for task in update.items)
            if over and update.done:
                return known, pages
        else:
            assert isinstance(update, TaskUpdate)
            if update.status is not None:
                known[update.task_id] = update.status
            if update.task_type == last:
                return known, pages


def test_agents_are_told_as_they_stand_and_then_as_they_change(node: Any, unique: str) -> None:
    with speaking("async", node.url) as say:
        put = say(lambda c: c.agents.put(unique, labels={"a": "b"}))
        # A snapshot is of what the read model has; what it has not yet follows as a fact.
        say(lambda c: c.agents.get(unique, min_position=put.position))
        stream = say(lambda c: c.agents.watch(agent_id=unique))
        (page,) = say.taken(stream, 1)
        assert (page.first, page.done, page.truncated) == (True, True, False)
        assert [(agent.agent_id, agent.labels) for agent in page.items] == [(unique, {"a": "b"})]
        drained = say(lambda c: c.agents.drain(unique))
        (update,) = say.taken(stream, 1)
        assert isinstance(update, AgentUpdate)
        assert (update.status, update.position) == ("draining", drained.position)
        again = say(lambda c: c.agents.watch(agent_id=unique, place=update.place))
        activated = say(lambda c: c.agents.activate(unique))
        assert say.taken(again, 1)[0].position == activated.position  # no snapshot: it goes on
