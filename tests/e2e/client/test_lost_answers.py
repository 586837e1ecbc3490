"""A command whose answer was lost is sent again and carried out once."""

from collections.abc import Callable
from typing import Any

import pytest

from aia.client import Backoff, ConnectionFailed

from .cutting import CuttingWay
from .speaking import speaking

NOBODY_S = {"skills": ["nobody-has-it"]}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_command_whose_answers_were_lost_is_carried_out_once(
    node: Any, way: Callable[[str], CuttingWay], kind: str, unique: str
) -> None:
    between = way(node.url)
    with speaking(kind, between.url) as say:
        between.lose("/tasks/submit", times=3)
        task = say(lambda c: c.tasks.submit(unique, requirements=NOBODY_S))
        assert between.cut == 3
        assert task.received.replayed
        assert [each.task_id for each in say(lambda c: c.tasks.list(task_type=unique)).items] == [
            task.task_id
        ]
        between.lose(f"/agents/{unique}")
        agent = say(lambda c: c.agents.put(unique))
        assert agent.received.status == 201  # what the first one was answered
        between.lose(f"/agents/{unique}")
        agent = say(lambda c: c.agents.update(unique, labels={"a": 1}, if_match=agent.revision))
        assert agent.received.replayed
        between.lose(f"/agents/{unique}")
        assert say(lambda c: c.agents.unregister(unique)).received.replayed
        between.lose(f"/tasks/{task.task_id}")
        assert say(lambda c: c.tasks.cancel(task.task_id)).status == "cancelled"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_program_can_repeat_what_it_gave_up(
    node: Any, way: Callable[[str], CuttingWay], kind: str, unique: str
) -> None:
    between = way(node.url)
    with speaking(kind, between.url, retries=Backoff(attempts=2)) as say:
        between.lose("/tasks/submit", times=2)
        with pytest.raises(ConnectionFailed) as gave_up:
            say(lambda c: c.tasks.submit(unique, requirements=NOBODY_S))
        key = gave_up.value.idempotency_key
        task = say(lambda c: c.tasks.submit(unique, requirements=NOBODY_S, idempotency_key=key))
        assert task.received.replayed
        assert len(say(lambda c: c.tasks.list(task_type=unique)).items) == 1
        say(lambda c: c.tasks.cancel(task.task_id))


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_no_proxy_is_asked_for_the_way_to_this_machine(
    node: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with speaking(kind, node.url, retries=Backoff(attempts=1)) as say:
        assert say(lambda c: c.health.live()).status == "live"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_connections_are_kept_and_used_again(
    node: Any, way: Callable[[str], CuttingWay], kind: str
) -> None:
    between = way(node.url)
    with speaking(kind, between.url) as say:
        for _ in range(5):
            say(lambda c: c.health.live())
        assert (len(between.requests), between.accepted) == (5, 1)
        between.cut_all()  # a kept connection that is dead costs a retry, and no more
        say(lambda c: c.agents.list())


def test_nobody_there_is_told_within_the_time_it_may_take() -> None:
    with (
        speaking("sync", "http://127.0.0.1:1", retries=Backoff(total_seconds=0.5)) as say,
        pytest.raises(ConnectionFailed, match=r"GET http://127.0.0.1:1/mas/health/live"),
    ):
        say(lambda c: c.health.live())
