"""`mas agents`: what people and programs see of the agents of a running node."""

from collections.abc import Iterator
from typing import Any

import pytest

from aia.client import Client

from .speaking import Spoken


@pytest.fixture
def mas(node: Any) -> Spoken:
    return Spoken(node.url)


@pytest.fixture
def client(node: Any) -> Iterator[Client]:
    with Client(node.url, consistent=True) as client:
        yield client


def test_list_is_a_table_with_filters_and_pages(mas: Spoken, client: Client, unique: str) -> None:
    for number in range(3):
        client.agents.put(
            f"{unique}-{number}", skills={unique: 0.9}, labels={"gpus": number, "of": unique}
        )
    client.agents.list(limit=1)  # the read model has them now

    table = mas("agents", "list", "--skill", unique, "--sort", "agent_id").stdout.splitlines()
    first = mas("agents", "list", "--skill", unique, "--limit", "1", "--total")
    page = mas.json("agents", "list", "--skill", unique, "--limit", "2", "--sort", "-agent_id")
    whole = mas.json("agents", "list", "--skill", unique, "--limit", "2", "--all", "--total")
    labelled = mas.json("agents", "list", "--label", "gpus>=1", "--skill", unique, "--online")

    assert table[0].split()[:3] == ["AGENT", "STATUS", "ONLINE"]
    assert [line.split()[:3] for line in table[1:]] == [
        [f"{unique}-{number}", "active", "online"] for number in range(3)
    ]
    assert len(first.stdout.splitlines()) == 2
    assert "3 in all" in first.stderr and "--cursor" in first.stderr
    assert [agent["agent_id"][-1] for agent in page["items"]] == ["2", "1"]
    assert page["next_cursor"]
    assert (len(whole["items"]), whole["next_cursor"], whole["total"]) == (3, None, 3)
    assert {agent["labels"]["gpus"] for agent in labelled["items"]} == {"1", "2"}


def test_show_tells_record_performance_and_tasks_in_hand(
    mas: Spoken, client: Client, unique: str
) -> None:
    client.agents.put(unique, skills={unique: 1}, metadata={"note": "\x1b[31mred"})
    task = client.tasks.submit("work", requirements={"skills": [unique]})
    (work,) = client.agents.claim(unique, wait=20).items
    client.tasks.start(work.task_id, unique, work.lease)
    client.tasks.progress(work.task_id, unique, work.lease, percent=40, message="so \x1b[31mfar")
    client.tasks.get(task.task_id)

    shown = mas("agents", "show", unique).stdout
    told = mas.json("agents", "show", unique, "--window", "1h")

    assert "Tasks in hand: 1" in shown
    (held,) = [line for line in shown.splitlines() if task.task_id in line]
    assert "running" in held and "40" in held and "so \\x1b[31mfar" in held
    assert told["agent"]["agent_id"] == unique
    assert told["performance"]["window"] == "1h"
    assert [each["task_id"] for each in told["tasks"]] == [task.task_id]


def test_watch_tells_of_events_as_they_happen(mas: Spoken, client: Client, unique: str) -> None:
    before = client.audit.head().position
    client.agents.put(unique, skills={unique: 1})
    with mas.going_on("agents", "watch", unique, "--after", str(before), "--count", "2") as watch:
        client.agents.drain(unique)
        said, remarks = watch.communicate()

    first, second = said.splitlines()
    assert (watch.returncode, remarks.count("\n")) == (0, 1)
    assert "agent.registered" in first and unique in first
    assert "agent.draining" in second or "status=draining" in second
