"""While an agent waits for an answer the clock of its attempt stands still."""

from __future__ import annotations

from aia_mas.domain.orchestration.task_commands import AskForInput, GiveInput, StartTask

from .test_deadlines import Node, _assign, _register, _submit, node

__all__ = ["node"]


async def test_the_attempt_outlives_its_lease_and_its_time_until_there_is_an_answer(
    node: Node,
) -> None:
    held = {"task_id": "t", "agent_id": "a", "lease": "t:1"}
    begun = ["submitted", "assigned", "started", "input_requested"]
    await node.do(_register("a"), _submit("t", timeout_seconds=30), _assign("t"))
    await node.do(StartTask(**held), AskForInput(**held, question="q"))
    async with node.leading():
        for _ in range(100):
            await node.step(1)
            node.presence.beat("agent", "a")
        assert node.topics("task/t") == begun

        await node.do(GiveInput(task_id="t", answer="yes"))
        for _ in range(19):
            await node.step(1)
            node.presence.beat("agent", "a")
        assert node.topics("task/t") == [*begun, "input_given"]
        await node.step(1)
        assert node.topics("task/t") == [*begun, "input_given", "released"]


async def test_an_agent_that_goes_loses_the_task_all_the_same(node: Node) -> None:
    held = {"task_id": "t", "agent_id": "a", "lease": "t:1"}
    await node.do(_register("a"), _submit("t"), _assign("t", seconds=1000.0))
    await node.do(AskForInput(**held, question="q"))
    async with node.leading():
        for _ in range(17):
            await node.step(1)
    assert node.topics("agent/a") == ["registered", "went_offline"]
    assert node.topics("task/t")[-2:] == ["input_requested", "released"]
