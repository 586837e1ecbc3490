"""`mas tasks`: submitted, waited for, explained, called off and tried again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aia.client import Client

from .speaking import Spoken, finish

NOBODY = ("--skill", "nobody-has-it")


@pytest.fixture
def mas(node: Any) -> Spoken:
    return Spoken(node.url)


@pytest.fixture
def client(node: Any) -> Iterator[Client]:
    with Client(node.url, consistent=True) as client:
        yield client


def test_submit_says_what_it_was_told_and_once_for_a_key(
    mas: Spoken, client: Client, unique: str, tmp_path: Path
) -> None:
    (tmp_path / "payload.json").write_text('{"quarter": "Q3"}')
    words = (
        "tasks", "submit", "report", "--payload", f"@{tmp_path}/payload.json",
        "--priority", "high", "--skill", "nobody-has-it=0.5", "--tag", unique, "--key", unique,
        "--max-cost", "5", "--deadline", "2100-01-01",
    )  # fmt: skip

    answer = mas.json(*words)
    line = mas(*words).stdout.split()

    task = client.tasks.get(answer["task_id"])
    assert line[:2] == [answer["task_id"], "queued"]
    assert (task.payload, task.priority, task.tags) == ({"quarter": "Q3"}, "high", [unique])
    assert task.requirements.skills == {"nobody-has-it": 0.5}
    assert (task.max_cost, task.deadline is not None and task.deadline.year) == ("5", 2100)


def test_submit_names_who_pays_and_in_whose_budgets(
    mas: Spoken, client: Client, node: Any, unique: str
) -> None:
    words = (
        "tasks", "submit", "report", *NOBODY, "--payer", unique, "--max-cost", "5",
        "--cost-tag", "sales", "--cost-tag", "q3",
    )  # fmt: skip
    assert "insufficient_funds" in mas(*words, code=7).stderr

    funding = {"amount": "5", "agent_id": unique}
    funded = node.client.post("/mas/api/v1/economic/treasury/fund", json=funding)
    assert funded.status_code == 200, funded.text
    task = client.tasks.get(mas.json(*words)["task_id"])

    assert (task.payer, task.cost_tags) == (unique, ["sales", "q3"])


@pytest.mark.parametrize(
    ("how", "code", "said", "told"),
    [
        ({"result": {"rows": 3}}, 0, '{"rows":3}\n', ""),
        ({"error_code": "bad_input", "retryable": False}, 9, "", "failed: bad_input: no"),
    ],
)
def test_wait_ends_with_the_task_and_its_outcome(
    mas: Spoken, client: Client, unique: str, how: dict[str, Any], code: int, said: str, told: str
) -> None:
    client.agents.put(unique, skills={unique: 1})
    with mas.going_on("tasks", "submit", "work", "--skill", unique, "--wait") as waiting:
        assert waiting.stderr is not None
        task_id = waiting.stderr.readline().split(":")[0]
        finish(client, unique, task_id, **how)
        out, err = waiting.communicate()

    assert (waiting.returncode, out) == (code, said)
    assert told in err


def test_wait_has_an_end(mas: Spoken) -> None:
    waited = mas("tasks", "submit", "x", *NOBODY, "--wait", "--wait-seconds", "0.1", code=10)

    assert "has not ended in 0.1 s" in waited.stderr


def test_file_is_submitted_once_however_often_it_is_given(
    mas: Spoken, unique: str, tmp_path: Path
) -> None:
    task = {"task_type": "a", "tags": [unique], "requirements": {"skills": ["nobody-has-it"]}}
    good = json.dumps(task)
    (tmp_path / "tasks.ndjson").write_text(f'{good}\n{{"task_type": 7}}\n\n{good}\n{good}\n')
    words = ("tasks", "submit", "--from", f"{tmp_path}/tasks.ndjson", "--batch", "2")

    first = mas(*words, "--refused", f"{tmp_path}/refused.ndjson", code=7)
    again = mas.json(*words, code=7)
    listed = mas.json("tasks", "list", "--tag", unique, "--all")
    other = mas.json(*words, "--key", unique, code=7)

    assert "3 accepted, 1 refused" in first.stdout
    assert "2  invalid_type  task_type" in first.stdout
    assert (tmp_path / "refused.ndjson").read_text() == '{"task_type": 7}\n'
    assert (again["accepted"], again["refused"]) == (3, 1)
    assert [item["line"] for item in again["items"]] == [1, 2, 4, 5]
    assert {item["task"]["task_id"] for item in again["items"] if item["task"]} == {
        item["task_id"] for item in listed["items"]
    }
    assert other["items"][0]["task"]["task_id"] != again["items"][0]["task"]["task_id"]


def test_file_with_a_bad_line_is_not_begun(mas: Spoken, unique: str, tmp_path: Path) -> None:
    (tmp_path / "tasks").write_text(f'{{"task_type": "a", "tags": ["{unique}"]}}\n{{"task_type":\n')

    refused = mas("tasks", "submit", "--from", f"{tmp_path}/tasks", code=2)

    assert "line 2: this is not JSON" in refused.stderr
    assert mas.json("tasks", "list", "--tag", unique)["items"] == []


def test_show_explains_why_a_task_waits_and_why_it_went_where_it_went(
    mas: Spoken, client: Client, unique: str
) -> None:
    client.agents.put(unique, skills={unique: 1})
    waits = client.tasks.submit("x", requirements={"skills": ["nobody-has-it"]})
    taken = client.tasks.submit("x", requirements={"skills": [unique]}, description="the \x1b[1m")
    finish(client, unique, taken.task_id, result=[1])
    client.tasks.get(taken.task_id)

    waiting = mas("tasks", "show", waits.task_id).stdout
    done = mas("tasks", "show", taken.task_id).stdout
    told = mas.json("tasks", "show", waits.task_id)

    assert "Waits because:" in waiting and "no_agent_with_skill" in waiting
    assert "Result" in done and "[1]" in done and "the \\x1b[1m" in done
    attempt = done[done.index("Attempts:") :].splitlines()[2]
    assert attempt.split()[:2] == ["1", unique]
    assert "scored" in attempt and "quality" in attempt
    assert told["explanation"]["waiting"][0]["code"] == "no_agent_with_skill"


def test_cancel_and_retry_by_filter_and_by_id(mas: Spoken, client: Client, unique: str) -> None:
    demands = {"skills": ["nobody-has-it"]}
    ids = [client.tasks.submit("x", tags=[unique], requirements=demands).task_id for _ in range(3)]
    client.tasks.get(ids[-1])

    asked = mas("tasks", "cancel", "--tag", unique, code=2)
    foreseen = mas("tasks", "cancel", "--tag", unique, "--dry-run")
    one = mas("tasks", "cancel", ids[0], "--reason", "not needed")
    rest = mas.json("tasks", "cancel", "--tag", unique, "--status", "queued", "--yes")
    none = mas("tasks", "cancel", "--tag", unique, "--yes")
    again = mas("tasks", "retry", "--tag", unique, "--yes")
    unknown = mas("tasks", "cancel", "no-such-task", code=7)
    everything = mas("tasks", "cancel", "--everything", ids[0], code=2)

    assert "say --yes" in asked.stderr
    assert foreseen.stdout.startswith("it would cancel 3 tasks") and ids[0] in foreseen.stdout
    assert one.stdout == "1 task cancelled\n"
    assert rest["changed"] == 2
    assert none.stdout == "0 tasks cancelled\n"
    assert again.stdout == "3 tasks queued again\n"
    assert "1 task_not_found" in unknown.stderr
    assert "ids, filters, or --everything" in everything.stderr
    mas("tasks", "cancel", *ids)


def test_list_and_watch_tell_of_the_same_task(mas: Spoken, client: Client, unique: str) -> None:
    before = client.audit.head().position
    kind = unique[:20]
    task = client.tasks.submit(kind, requirements={"skills": ["nobody-has-it"]})
    client.tasks.cancel(task.task_id, reason="enough")
    client.tasks.get(task.task_id)

    events = mas.lines("tasks", "watch", task.task_id, "--after", str(before), "--count", "2")
    rows = mas("tasks", "list", "--type", kind, "--since", "10m").stdout.splitlines()

    assert [event["event"] for event in events] == ["task.submitted", "task.cancelled"]
    assert [event["position"] for event in events] == sorted(e["position"] for e in events)
    (row,) = rows[1:]
    assert row.split()[:3] == [task.task_id, "cancelled", kind] and row.endswith("enough")


def test_watch_goes_on_over_a_signal_that_ends_it(mas: Spoken, client: Client) -> None:
    import signal

    with mas.going_on("tasks", "watch") as watch:
        assert watch.stderr is not None
        assert "Ctrl-C" in watch.stderr.readline()
        watch.send_signal(signal.SIGINT)
        _, err = watch.communicate()

    assert watch.returncode == 130
    assert "Traceback" not in err
