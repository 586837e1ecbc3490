"""Live streams go on over every loss: nothing is lost, and nothing told twice."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aia.client import (
    Backoff,
    ConnectionFailed,
    HistoryLost,
    InvalidRequest,
    NotFound,
)
from aia.client.types import AgentUpdate, MessageUpdate, MetricsUpdate, TaskUpdate

from .cutting import CuttingWay
from .speaking import Speaker, speaking

API = "/mas/api/v1"
KINDS = ["sync", "async"]
NOBODY_S = {"skills": ["nobody-has-it"]}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def say(node: Any, kind: str) -> Iterator[Speaker]:
    with speaking(kind, node.url) as speaker:
        yield speaker


def register(node: Any, agent_id: str, **body: Any) -> int:
    answer = node.client.put(f"{API}/agents/{agent_id}", json=body)
    return int(answer.headers["x-event-position"])


def test_facts_and_figures_come_as_what_they_are(say: Speaker, unique: str) -> None:
    agents = say.begun(lambda c: c.agents.updates(agent_id=unique))
    tasks = say.begun(lambda c: c.tasks.updates(task_type=unique))
    label = "a\u2028line\u0085or\x1ctwo"  # ends a line to some readers, and must not here
    agent = say(lambda c: c.agents.put(unique, labels={"l": label}, cost_per_task="1.5"))
    (told,) = say.taken(agents, 1)
    assert isinstance(told, AgentUpdate)
    assert (told.position, told.event, told.labels) == (
        agent.position,
        "agent.registered",
        {"l": label},
    )
    assert (told.cost_per_task, told.at.tzinfo is not None) == ("1.5", True)
    task = say(lambda c: c.tasks.submit(unique, requirements=NOBODY_S))
    say(lambda c: c.tasks.cancel(task.task_id, reason="enough"))
    (told,) = say.taken(tasks, 1)
    assert isinstance(told, TaskUpdate)
    assert (told.task_id, told.status, told.priority) == (task.task_id, "queued", "normal")
    (figures,) = say.taken(say(lambda c: c.metrics.updates()), 1)
    assert isinstance(figures, MetricsUpdate)
    assert figures.metrics.agents.registered >= 1
    everything = say(lambda c: c.stream(agent_id=unique, after=agent.position - 1))
    while not isinstance(one := say.taken(everything, 1)[0], AgentUpdate):
        assert isinstance(one, MetricsUpdate)
    assert one.position == agent.position


def test_what_a_stream_tells_of_messages_counts_as_seen(
    say: Speaker, node: Any, unique: str
) -> None:
    messages = say.begun(lambda c: c.stream("messages", agent_id=unique))
    body = {"to_agent": unique, "message_type": "note"}
    node.client.post(f"{API}/communication/messages/send", json=body)
    (told,) = say.taken(messages, 1)
    assert isinstance(told, MessageUpdate)
    assert (messages.position, say(lambda c: c.last_position)) == (told.position, told.position)


def test_nothing_is_lost_or_told_twice_however_often_the_connection_is(
    node: Any, way: Callable[[str], CuttingWay], kind: str, unique: str
) -> None:
    between = way(node.url)
    positions: list[int] = []
    chance = random.Random(7)
    body = {"task_type": unique, "requirements": NOBODY_S}

    def act() -> None:
        while len(positions) < 60 or (between.cut < 8 and len(positions) < 2_000):
            answer = node.client.post(f"{API}/agents/tasks/submit", json=body)
            positions.append(int(answer.headers["x-event-position"]))
            if chance.random() < 0.3:
                between.cut_all()

    with speaking(kind, between.url, retries=Backoff(base_seconds=0.02)) as say:
        stream = say.begun(lambda c: c.stream(["agents", "tasks"], task_type=unique))
        acting = threading.Thread(target=act)
        acting.start()
        told = say.taken(stream, 60)
        acting.join()
        told += say.taken(stream, len(positions) - 60)
        assert [update.position for update in told] == positions
        say(lambda c: c.tasks.cancel_many(filter={"task_type": unique}))
    assert between.cut >= 8
    assert any(b"last-event-id" in head.lower() for head in between.requests)


def test_what_happened_before_the_first_update_could_come_is_told(
    node: Any, way: Callable[[str], CuttingWay], kind: str, unique: str
) -> None:
    between = way(node.url)
    with speaking(kind, between.url) as say:
        stream = say.begun(lambda c: c.agents.updates(agent_id=unique))
        between.lead_to(None)
        between.cut_all()
        position = register(node, unique)
        between.lead_to(node.url)
        (told,) = say.taken(stream, 1)
        assert told.position == position


def test_a_stream_goes_on_over_a_restart_of_the_node(
    start_node: Callable[..., Any], way: Callable[[str], CuttingWay]
) -> None:
    first = start_node()
    between = way(first.url)
    with speaking("async", between.url, retries=Backoff(cap_seconds=0.2)) as say:
        stream = say.begun(lambda c: c.stream(["agents", "tasks"]))
        before = [register(first, f"a{number}") for number in range(5)]
        told = say.taken(stream, 3)
        first.stop()  # two of them may still be on their way
        second = type(first)(first.system.settings)
        try:
            after = [register(second, f"b{number}") for number in range(5)]
            between.lead_to(second.url)
            told += say.taken(stream, 7)
            assert [update.position for update in told] == before + after
        finally:
            second.stop()


def test_another_program_goes_on_where_one_was(say: Speaker, node: Any, unique: str) -> None:
    stream = say.begun(lambda c: c.agents.updates(agent_id=[unique, f"{unique}-2"]))
    register(node, unique)
    (told,) = say.taken(stream, 1)
    say(lambda _: stream.aclose() if hasattr(stream, "aclose") else stream.close())
    position = register(node, f"{unique}-2")
    stream = say(lambda c: c.agents.updates(agent_id=f"{unique}-2", place=told.place))
    assert say.taken(stream, 1)[0].position == position
    stream = say(lambda c: c.agents.updates(agent_id=unique, after=told.position - 1))
    assert say.taken(stream, 1) == [told]


@pytest.mark.parametrize("place", [f"{'0' * 36}/agents:1"])
def test_a_history_that_is_no_more_is_told(say: Speaker, place: str) -> None:
    with pytest.raises(HistoryLost):
        say.begun(lambda c: c.agents.updates(place=place))
    with pytest.raises(HistoryLost):
        say.begun(lambda c: c.stream("agents", after=2**50))


def test_what_cannot_be_had_is_refused_at_once(say: Speaker) -> None:
    with pytest.raises(InvalidRequest):
        say.begun(lambda c: c.tasks.updates(status="no-status"))


def test_a_server_that_stays_away_is_given_up(
    node: Any, way: Callable[[str], CuttingWay], kind: str
) -> None:
    between = way(node.url)
    with speaking(kind, between.url) as say:
        stream = say.begun(lambda c: c.agents.updates(patience=0.5))
        between.lead_to(None)
        between.cut_all()
        with pytest.raises(ConnectionFailed):
            say.taken(stream, 1)


def test_a_closed_stream_ends(say: Speaker, kind: str) -> None:
    stream = say.begun(lambda c: c.agents.updates())
    say(lambda _: stream.aclose() if kind == "async" else stream.close())
    with pytest.raises((StopIteration, StopAsyncIteration, RuntimeError)):
        say.taken(stream, 1)


# --- waiting for the end of a task


def test_the_end_of_a_task_is_waited_for(say: Speaker, node: Any, unique: str) -> None:
    say(lambda c: c.agents.put(unique, skills={unique: 1.0}))
    task = say(lambda c: c.tasks.submit(unique, requirements={"skills": [unique]}))
    (mine,) = say(lambda c: c.agents.claim(unique, wait=20)).items

    def work() -> None:
        path = f"{API}/agents/tasks/{mine.task_id}"
        report = {"agent_id": unique, "lease": mine.lease}
        node.client.post(f"{path}/start", json=report)
        node.client.post(f"{path}/progress", json={**report, "percent": 50})
        node.client.post(f"{path}/complete", json={**report, "result": [1]})

    later = threading.Timer(0.3, work)
    later.start()
    done = say(lambda c: c.tasks.wait(task.task_id, timeout=30))
    later.join()
    assert (done.status, done.result) == ("completed", [1])
    again = say(lambda c: c.tasks.wait(task.task_id))  # it has ended already
    assert again == done


def test_waiting_ends_in_time_and_for_what_is_not_there(say: Speaker, unique: str) -> None:
    task = say(lambda c: c.tasks.submit(unique, requirements=NOBODY_S))
    with pytest.raises(TimeoutError):
        say(lambda c: c.tasks.wait(task.task_id, timeout=0.5))
    with pytest.raises(NotFound):
        say(lambda c: c.tasks.wait(f"{unique}-none", timeout=10))
    say(lambda c: c.tasks.cancel(task.task_id))
    assert say(lambda c: c.tasks.wait(task.task_id, timeout=10)).status == "cancelled"


def test_the_end_of_a_task_is_noticed_after_the_connection_was_lost(
    node: Any, way: Callable[[str], CuttingWay], kind: str, unique: str
) -> None:
    between = way(node.url)
    with speaking(kind, between.url) as say, speaking("sync", node.url) as other:
        task = other(lambda c: c.tasks.submit(unique, requirements=NOBODY_S)).task_id

        def happen() -> None:
            while not any(b"/stream" in head for head in tuple(between.requests)):
                time.sleep(0.01)
            between.lead_to(None)
            between.cut_all()
            other(lambda c: c.tasks.cancel(task))
            between.lead_to(node.url)

        happening = threading.Thread(target=happen)
        happening.start()
        assert say(lambda c: c.tasks.wait(task, timeout=30)).status == "cancelled"
        happening.join()


def test_many_tasks_are_told_as_they_end_over_one_stream(
    node: Any, way: Callable[[str], CuttingWay], unique: str
) -> None:
    between = way(node.url)
    count = 260  # more than a filter may name
    body = [{"task_type": unique, "requirements": NOBODY_S}] * count
    with speaking("async", between.url) as say, speaking("sync", node.url) as other:
        batch = other(lambda c: c.tasks.submit_batch(body))
        ids = [item.task.task_id for item in batch.items]
        other(lambda c: c.tasks.cancel(ids[0]))
        happening = threading.Timer(
            0.2, lambda: other(lambda c: c.tasks.cancel_many(filter={"task_type": unique}))
        )
        happening.start()
        ended = say.listed(lambda c: c.tasks.as_ended([*ids, ids[0]], timeout=240))
        happening.join()
        assert ended[0].task_id == ids[0]
        assert sorted(task.task_id for task in ended) == sorted(ids)
        assert {task.status for task in ended} == {"cancelled"}
        assert sum(b"/stream" in head for head in between.requests) == 1
        with pytest.raises(TimeoutError):
            task = other(lambda c: c.tasks.submit(unique, requirements=NOBODY_S)).task_id
            say.listed(lambda c: c.tasks.as_ended([task, ids[0]], timeout=0.3))
        other(lambda c: c.tasks.cancel(task))
