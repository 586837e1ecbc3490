"""The lives of agents and tasks, told through both clients, with every operation that there is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from aia.client import (
    Conflict,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    StaleLease,
    TaskCancelled,
)
from aia.client.types import FeatureWeights, LabelDemand, TaskRequirements, TaskSubmission

from .speaking import Speaker, speaking

KINDS = ["sync", "async"]


@pytest.fixture(params=KINDS)
def say(own_node: Any, request: pytest.FixtureRequest) -> Iterator[Speaker]:
    with speaking(request.param, own_node.url, consistent=True) as speaker:
        yield speaker


def test_an_agent_from_its_registration_to_its_end(say: Speaker, unique: str) -> None:
    new = say(
        lambda c: c.agents.register(
            unique, skills={unique: 0.9}, cost_per_task=Decimal("1.50"), labels={"gpus": 2}
        )
    )
    assert (new.status, new.cost_per_task, new.labels) == ("active", "1.5", {"gpus": "2"})
    assert new.received.status == 201
    assert new.received.location == f"/mas/api/v1/agents/{unique}"
    assert new.registered_at.tzinfo is not None
    with pytest.raises(Conflict) as refused:
        say(lambda c: c.agents.register(unique))
    assert refused.value.code == "agent_already_registered"

    put = say(lambda c: c.agents.put(unique, skills={unique: 0.8}, if_match=new.revision))
    assert (put.skills, put.received.status) == ({unique: 0.8}, 200)
    with pytest.raises(PreconditionFailed):
        say(lambda c: c.agents.update(unique, max_concurrent_tasks=5, if_match=new.revision))
    with pytest.raises(PreconditionFailed):
        say(lambda c: c.agents.put(unique, if_none_match="*"))
    more = say(
        lambda c: c.agents.update(unique, max_concurrent_tasks=5, endpoint="https://x.example")
    )
    assert more.position > put.position > new.position
    assert say(lambda c: c.agents.update(unique, endpoint=None)).endpoint is None

    assert say(lambda c: c.agents.drain(unique, reason="maintenance")).status == "draining"
    assert say(lambda c: c.agents.activate(unique)).status == "active"
    assert say(lambda c: c.agents.suspend(unique)).status == "suspended"
    assert say(lambda c: c.agents.activate(unique)).status == "active"
    assert say(lambda c: c.agents.drain_many(ids=[unique], dry_run=True)).matched == 1
    beat = say(lambda c: c.agents.heartbeat(unique, load=0.5, metrics={"rows": 3}))
    assert (beat.online, list(beat.tasks)) == (True, [])

    seen = say(lambda c: c.agents.get(unique))
    assert (seen.max_concurrent_tasks, seen.reported.load) == (5, 0.5)
    assert seen.received.etag == f'"rev-{seen.revision}"'
    page = say(lambda c: c.agents.list(skill=unique, min_level=0.5, total=True))
    assert ([each.agent_id for each in page.items], page.total) == ([unique], 1)

    gone = say(lambda c: c.agents.unregister(unique, reason="replaced"))
    assert gone.received.status == 204
    assert say(lambda c: c.agents.get(unique)).status == "unregistered"
    with pytest.raises(NotFound) as missing:
        say(lambda c: c.agents.heartbeat(unique))
    assert missing.value.code == "agent_not_found"
    assert missing.value.request_id


def test_a_task_from_its_submission_to_its_rating(say: Speaker, unique: str) -> None:
    say(lambda c: c.agents.put(unique, skills={unique: 1.0}))
    unlabelled = LabelDemand(key="no", op="!=", value=1)
    wanted = TaskRequirements(skills={unique: 0.5}, labels=[unlabelled])
    task = say(
        lambda c: c.tasks.submit(
            "data_analysis",
            requirements=wanted,
            payload={"rows": [1, 2]},
            max_cost=Decimal(50),
            deadline=datetime.now(UTC) + timedelta(hours=1),
            tags=[unique],
        )
    )
    (mine,) = say(lambda c: c.agents.claim(unique, wait=20)).items
    assert (mine.task_id, mine.payload, mine.max_cost) == (task.task_id, {"rows": [1, 2]}, "50")
    report = mine.task_id, unique, mine.lease
    assert say(lambda c: c.tasks.start(*report)).status == "running"
    say(lambda c: c.tasks.progress(*report, percent=40, message="half", log=["a", "b"]))
    assert say(lambda c: c.tasks.ask(*report, "Which?", choices=["x", "y"])).status == (
        "input_required"
    )
    with pytest.raises(InvalidRequest) as wrong:
        say(lambda c: c.tasks.give_input(mine.task_id, "z"))
    assert wrong.value.errors[0].field == "answer"
    say(lambda c: c.tasks.give_input(mine.task_id, "x", number=1))
    assert say(lambda c: c.agents.heartbeat(unique)).tasks[0].answered == 1
    with pytest.raises(StaleLease):
        say(lambda c: c.tasks.complete(mine.task_id, unique, "0" * 36, result=1))
    usage = {"model": "m", "tokens_in": 3, "cost": "0.25"}
    say(lambda c: c.tasks.complete(*report, result=[1], quality=0.9, usage=usage))
    say(lambda c: c.tasks.rate(mine.task_id, 0.8, comment="good"))

    seen = say(lambda c: c.tasks.get(mine.task_id))
    assert (seen.status, seen.result, seen.usage.cost) == ("completed", [1], "0.25")
    assert (seen.inputs[0].answer, seen.rating.rating) == ("x", 0.8)
    assert seen.requirements.labels[0].key == "no"
    assert say(lambda c: c.tasks.progress_reports(mine.task_id)).items[0].percent == 40
    assert len(say.listed(lambda c: c.tasks.iterate_progress_reports(mine.task_id))) == 1
    explained = say(lambda c: c.tasks.explain(mine.task_id))
    assert explained.assignments[0].agent_id == unique
    assert say(lambda c: c.agents.performance(unique, window="1h")).completed == 1
    assert say(lambda c: c.agents.tasks(unique, status="completed")).items[0].task_id == (
        mine.task_id
    )
    assert len(say.listed(lambda c: c.agents.iterate_tasks(unique))) == 1


def test_tasks_are_moved_called_off_and_tried_again(say: Speaker, unique: str) -> None:
    nobody = {"skills": ["nobody-has-it"]}
    batch = say(
        lambda c: c.tasks.submit_batch(
            [
                TaskSubmission(task_type=unique, requirements=nobody),
                {"task_type": unique, "requirements": nobody},
                {"task_type": ""},
            ]
        )
    )
    assert (batch.accepted, batch.refused) == (2, 1)
    assert batch.items[2].problem.code == "invalid_text"
    one, two = (item.task.task_id for item in batch.items[:2])
    assert say(lambda c: c.tasks.reprioritise(one, "critical")).priority == "critical"
    assert say(lambda c: c.tasks.cancel(one, reason="no")).status == "cancelled"
    assert say(lambda c: c.tasks.retry(one)).status == "queued"
    with pytest.raises(Conflict) as refused:
        say(lambda c: c.tasks.reassign(two))
    assert refused.value.code == "task_not_held"
    mine = {"task_type": unique}
    assert say(lambda c: c.tasks.reprioritise_many("low", filter=mine)).changed == 2
    assert say(lambda c: c.tasks.reassign_many(filter=mine, dry_run=True)).matched == 0
    assert say(lambda c: c.tasks.cancel_many(filter=mine)).changed == 2
    assert say(lambda c: c.tasks.retry_many(ids=[one, two])).changed == 2
    assert say(lambda c: c.tasks.redrive(filter=mine)).matched == 0
    assert {each.task_id for each in say.listed(lambda c: c.tasks.iterate(task_type=unique))} == {
        one,
        two,
    }
    say(lambda c: c.tasks.cancel_many(filter=mine))

    say(lambda c: c.agents.put(unique, skills={unique: 1.0}))
    task = say(
        lambda c: c.tasks.submit(unique, requirements={"skills": [unique]}, max_attempts=1)
    ).task_id
    (held,) = say(lambda c: c.agents.claim(unique, wait=20)).items
    failed = say(lambda c: c.tasks.fail(task, unique, held.lease, error_code="e", retryable=False))
    assert failed.status == "failed"
    task = say(lambda c: c.tasks.submit(unique, requirements={"skills": [unique]})).task_id
    (held,) = say(lambda c: c.agents.claim(unique, wait=20)).items
    say(lambda c: c.tasks.cancel(task))
    with pytest.raises(TaskCancelled):
        say(lambda c: c.tasks.start(task, unique, held.lease))


def test_lists_are_iterated_over_page_by_page(say: Speaker, unique: str) -> None:
    nobody = [{"task_type": unique, "requirements": {"skills": ["nobody-has-it"]}}] * 7
    batch = say(lambda c: c.tasks.submit_batch(nobody))
    wanted = [item.task.task_id for item in batch.items]
    found = say.listed(
        lambda c: c.tasks.iterate(task_type=unique, sort="submitted_at", limit=3, status="queued")
    )
    assert [task.task_id for task in found] == wanted
    say(lambda c: c.tasks.cancel_many(filter={"task_type": unique}))


def test_the_queue_its_limits_and_the_rules_are_steered(say: Speaker, unique: str) -> None:
    assert say(lambda c: c.limits.set(unique, max_concurrent=2)).max_concurrent == 2
    assert say(lambda c: c.limits.get(unique)).running == 0
    assert unique in {each.key for each in say.listed(lambda c: c.limits.iterate(limit=1))}
    assert say(lambda c: c.limits.list(total=True)).total >= 1
    assert say(lambda c: c.limits.remove(unique)).max_concurrent is None

    say(lambda c: c.queue.pause(task_type=unique, reason="moving"))
    assert unique in {pause.task_type for pause in say(lambda c: c.queue.pauses()).items}
    assert unique not in {
        pause.task_type for pause in say(lambda c: c.queue.resume(task_type=unique)).items
    }
    assert "normal" in say(lambda c: c.queue.get()).by_priority

    weights = FeatureWeights(
        quality=0.4, latency=0.2, headroom=0.1, price=0.15, stake=0.05, affinity=0.1
    )
    rules = say(lambda c: c.policies.replace(weights=weights))
    assert rules.weights["quality"] == 0.4
    assert say(lambda c: c.policies.set(unique, "sticky")).by_type[unique] == "sticky"
    with pytest.raises(PreconditionFailed):
        say(lambda c: c.policies.remove(unique, if_match=rules.revision))
    assert unique not in say(lambda c: c.policies.remove(unique)).by_type
    assert say(lambda c: c.policies.get()).default == "scored"


def test_figures_events_and_health_are_read(say: Speaker, unique: str) -> None:
    price = Decimal("123456789.000000000000000001")
    position = say(lambda c: c.agents.put(unique, cost_per_task=price)).position
    assert say(lambda c: c.metrics.system()).as_of >= position
    since = datetime.now(UTC) - timedelta(minutes=3)
    history = say(lambda c: c.metrics.history(from_=since, step="1m"))
    assert (history.step_seconds, history.items[0].at.second) == (60, 0)
    assert "mas_" in say(lambda c: c.metrics.prometheus())
    (event,) = say(lambda c: c.audit.stream(f"agent/{unique}")).items
    assert (event.position, event.topic) == (position, "agent.registered.v1")
    assert event.data["capabilities"]["cost_per_task"] == price * 10**18
    found = say(lambda c: c.audit.events(after=position - 1, upto=position, type=event.topic))
    assert found.items == [event]
    assert say.listed(lambda c: c.audit.iterate_events(stream=f"agent/{unique}")) == [event]
    assert say.listed(lambda c: c.audit.iterate_stream(f"agent/{unique}")) == [event]
    assert say(lambda c: c.audit.head()).position >= position
    assert say(lambda c: c.health.get()).mode == "development"
    assert say(lambda c: c.health.live()).status == "live"
    assert say(lambda c: c.health.ready()).status == "ready"


def test_connections_and_tokens_are_managed(say: Speaker, unique: str) -> None:
    ticket = say(lambda c: c.connections.create_ticket())
    assert ticket.expires_at > datetime.now(UTC)
    assert say(lambda c: c.connections.list(client_id=unique)).items == []
    assert say.listed(lambda c: c.connections.iterate(client_id=unique)) == []
    closed = say(lambda c: c.connections.close_many(client_id=unique, reason="over"))
    assert (closed.whom.client_id, closed.reason) == (unique, "over")
    with pytest.raises(NotFound):
        say(lambda c: c.connections.close(str(uuid4())))
    revoked = say(lambda c: c.revocations.revoke(token_id=unique))
    assert revoked in say.listed(lambda c: c.revocations.iterate())
