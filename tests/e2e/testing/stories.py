"""Stories about agents and tasks; each is told to every kind of system."""

from __future__ import annotations

from datetime import timedelta

from .worlds import World

AT_ONCE = {"base_seconds": 0.1, "factor": 1.0, "cap_seconds": 0.1, "jitter": 0.0}


async def a_plain_life(world: World) -> None:
    await world.agent("a", cost_per_task="2.5", labels={"region": "eu"}, max_concurrent_tasks=2)
    submitted = await world.task(payload={"n": [1, 2.5, "x", None]}, max_cost="10", tags=["t"])
    task = await world.taken(submitted.task_id, "a")
    mine = task.task_id, task.agent_id, task.lease
    await world.client.tasks.progress(*mine, percent=40, message="half way", log=["one", "two"])
    await world.client.tasks.complete(
        *mine, result={"sum": 3.5}, quality=0.9, usage={"model": "m", "tokens_in": 3, "cost": "3"}
    )
    await world.client.tasks.rate(task.task_id, 0.75)
    world.tell(await world.client.tasks.get(task.task_id))
    world.tell(await world.client.agents.get(task.agent_id))
    world.tell(await world.client.agents.performance(task.agent_id))
    explained = await world.client.tasks.explain(task.task_id)
    world.tell([each.agent_id for each in explained.assignments])


async def failures_and_the_end_of_patience(world: World) -> None:
    await world.agent("a")
    submitted = await world.task(retry={"max_attempts": 2, **AT_ONCE})
    for _ in range(2):
        task = await world.taken(submitted.task_id, "a")
        mine = task.task_id, task.agent_id, task.lease
        await world.client.tasks.fail(*mine, error_code="no_source", message="gone")
    world.tell(await world.client.tasks.get(task.task_id))
    await world.client.tasks.retry(task.task_id)
    task = await world.taken(submitted.task_id, "a")
    await world.client.tasks.complete(task.task_id, task.agent_id, task.lease, result=1)
    world.tell(await world.client.agents.performance(task.agent_id))


async def a_task_that_nobody_picks_up(world: World) -> None:
    await world.agent("a")
    task = await world.task()
    await world.until("task.released.v1", f"task/{task.task_id}", "a")
    taken = await world.taken(task.task_id, "a")
    assert taken.attempt >= 2
    await world.client.tasks.cancel(task.task_id, reason="enough")
    await world.refused(
        world.client.tasks.complete(task.task_id, taken.agent_id, taken.lease, result=1)
    )


async def a_lease_that_runs_out(world: World) -> None:
    await world.agent("a", max_concurrent_tasks=1)
    submitted = await world.task(lease_seconds=3.0, retry=AT_ONCE)
    first = await world.taken(submitted.task_id, "a")
    await world.until("task.released.v1", f"task/{first.task_id}", "a")
    second = await world.taken(submitted.task_id, "a")
    late = world.client.tasks.complete(first.task_id, first.agent_id, first.lease, result="late")
    await world.refused(late)
    await world.client.tasks.complete(
        second.task_id, second.agent_id, second.lease, result="in time"
    )
    world.tell(await world.client.tasks.get(first.task_id))


async def an_agent_that_vanishes(world: World) -> None:
    await world.agent("a")
    submitted = await world.task(lease_seconds=600.0, retry=AT_ONCE)
    await world.taken(submitted.task_id, "a")
    await world.until("agent.went_offline.v1", f"agent/{world.word}-a")
    await world.agent("b")
    task = await world.taken(submitted.task_id, "b")
    await world.client.tasks.complete(task.task_id, task.agent_id, task.lease, result=2)
    for name in "ab":
        agent = await world.client.agents.get(f"{world.word}-{name}")
        world.tell([agent.status, agent.online, agent.lost, agent.completed, agent.success_rate])


async def a_question(world: World) -> None:
    await world.agent("a")
    submitted = await world.task(lease_seconds=1.0)
    task = await world.taken(submitted.task_id, "a")
    mine = task.task_id, task.agent_id, task.lease
    await world.client.tasks.ask(*mine, "which?", choices=["x", "y"])
    await world.refused(world.client.tasks.give_input(task.task_id, "z"))
    await world.client.tasks.give_input(task.task_id, "y")
    await world.refused(world.client.tasks.give_input(task.task_id, "x"))
    await world.client.tasks.complete(*mine, result="y")
    world.tell(await world.client.tasks.get(task.task_id))


async def a_deadline(world: World) -> None:
    waiting = await world.task(deadline=world.now() + timedelta(seconds=2))
    await world.until("task.expired.v1", f"task/{waiting.task_id}")
    world.tell(await world.client.tasks.get(waiting.task_id))


async def agents_come_and_go(world: World) -> None:
    a = (await world.agent("a")).agent_id
    agents = world.client.agents
    await agents.update(a, labels={"gpus": 2}, max_concurrent_tasks=3)
    task = await world.task()
    await world.taken(task.task_id, "a")
    await agents.drain(a, reason="for now")
    await agents.activate(a)
    await agents.suspend(a, reason="misbehaved")
    await world.refused(agents.claim(a))
    await agents.activate(a)
    await agents.unregister(a)
    await world.refused(agents.heartbeat(a))
    await world.until("task.released.v1", f"task/{task.task_id}")
    await world.agent("a", cost_per_task="1")
    await world.until("task.assigned.v1", f"task/{task.task_id}", times=2)
    world.tell(await agents.get(a))
    task_now = await world.client.tasks.get(task.task_id)
    world.tell(task_now)


async def many_at_once(world: World) -> None:
    b = (await world.agent("b", labels={"zone": "1", "n": "10"}, initial_stake="100")).agent_id
    a = (await world.agent("a", cost_per_task="7", max_concurrent_tasks=5)).agent_id
    await world.client.agents.suspend(b, reason="later")
    skills = {"skills": [world.word]}
    batch = await world.client.tasks.submit_batch(
        [
            {"task_type": f"{world.word}-{kind}", "requirements": skills, "priority": priority}
            for kind, priority in (("x", "low"), ("y", "critical"), ("x", "normal"))
        ]
        + [{"task_type": "", "requirements": skills}]
    )
    ids = [item.task.task_id for item in batch.items if item.task is not None]
    world.concerns(*ids)
    for task_id in ids:
        await world.until("task.assigned.v1", f"task/{task_id}")
    await world.client.tasks.cancel(ids[2], reason="not wanted")
    await world.client.tasks.reprioritise(ids[0], "high")
    for task_id in ids[:2]:
        await world.taken(task_id, "a")
    await lists_of_tasks(world, ids)
    await lists_of_agents(world, [a, b])


async def lists_of_tasks(world: World, ids: list[str]) -> None:
    """Look at tasks in every way that there is."""
    whole = {"task_type": f"{world.word}-x"}
    for narrowed in (
        *({"sort": sort} for sort in ("submitted_at", "-updated_at", "priority", "-priority")),
        {"status": "running"},
        {"status": ["running", "cancelled"], "agent_id": f"{world.word}-a"},
        {"priority": ["high", "critical"]},
        {"owner": "somebody"},
        {"tag": "none"},
        {"since": world.now() - timedelta(hours=1)},
        {"until": world.now() - timedelta(hours=1)},
    ):
        seen, cursor = [], None
        while True:
            page = await world.client.tasks.list(limit=1, cursor=cursor, **whole | narrowed)
            seen += [ids.index(task.task_id) for task in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        world.tell(seen)
    await world.refused(world.client.tasks.list(status="unheard-of"))
    await world.refused(world.client.tasks.list(cursor="bm8"))
    await world.refused(world.client.tasks.get("nothing"))


async def lists_of_agents(world: World, ids: list[str]) -> None:
    """Look at agents in every way that there is."""
    for narrowed in (
        *({"sort": sort} for sort in ("agent_id", "-agent_id", "registered_at", "-updated_at")),
        *({"sort": sort} for sort in ("cost_per_task", "-active_tasks", "load", "-completed")),
        {"sort": "-success_rate"},
        {"min_level": 0.5},
        {"min_level": 1.0, "status": ["suspended", "draining"]},
        {"online": True, "owner": "dev"},
        {"label": "zone"},
        {"label": "zone", "label_value": "1"},
        {"label": "zone", "label_op": "in", "label_value": ["0", "1"]},
        {"label": "zone", "label_op": "!=", "label_value": "1"},
        {"label": "n", "label_op": ">", "label_value": "9"},
        {"q": world.word.upper()},
        {"q": "%"},
        {"tier": "bronze"},
    ):
        seen, cursor = [], None
        while True:
            page = await world.client.agents.list(
                skill=world.word, limit=1, cursor=cursor, **narrowed
            )
            seen += [ids.index(agent.agent_id) for agent in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        world.tell(seen)
    found = await world.client.agents.list(skill=world.word, total=True)
    world.tell([found.total, [agent.tier for agent in found.items]])
    await world.refused(world.client.agents.list(label="n", label_op="<", label_value="many"))
    await world.refused(world.client.agents.list(cursor="bm8"))


UNHURRIED = (
    a_plain_life,
    failures_and_the_end_of_patience,
    a_question,
    agents_come_and_go,
    many_at_once,
)
"""Stories in which no time-out is to be over."""

HASTY = (
    a_task_that_nobody_picks_up,
    a_lease_that_runs_out,
    an_agent_that_vanishes,
    a_deadline,
)
"""Stories about time-outs, which are soon over."""
