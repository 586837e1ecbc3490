"""`mas apply`: files and a server come to agree, twice the same changes nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aia.client import Client, PreconditionFailed
from aia_mas.interfaces.cli.apply.carrying_out import carry_out
from aia_mas.interfaces.cli.apply.comparing import compare
from aia_mas.interfaces.cli.apply.fleet import fleet_of
from aia_mas.interfaces.cli.apply.standing import things_of
from aia_mas.interfaces.cli.yaml_documents import read_documents

from .speaking import Spoken

EXAMPLE = Path(__file__).parents[3] / "docs" / "fleet.yaml"


@pytest.fixture(scope="module")
def own_node(start_for_module: Callable[..., Any]) -> Any:
    """A node whose rules and agents are nobody else's."""
    return start_for_module()


@pytest.fixture
def mas(own_node: Any) -> Spoken:
    return Spoken(own_node.url)


@pytest.fixture
def client(own_node: Any) -> Iterator[Client]:
    with Client(own_node.url) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def written(text: str) -> str:
        path = tmp_path / "fleet.yaml"
        path.write_text(text)
        return str(path)

    return written


def written(client: Client) -> int:
    """Return how many events somebody caused: a node writes some of its own, above all at first."""
    page = client.audit.events(limit=500)
    assert page.next_cursor is None
    return sum(not event.actor.startswith("system") for event in page.items)


def test_example_is_applied_once(mas: Spoken, client: Client) -> None:
    before = written(client)

    foreseen = mas("apply", "-f", str(EXAMPLE), "--dry-run")
    untouched = written(client)
    applied = mas.json("apply", "-f", str(EXAMPLE))
    after = written(client)
    again = mas("apply", "-f", str(EXAMPLE))

    assert untouched == before
    assert "+ agents fleet-analyst-1" in foreseen.stdout
    assert foreseen.stdout.splitlines()[-1] == "5 added, 1 changed"
    assert {(change["kind"], change["action"]) for change in applied["changes"]} == {
        ("limits", "added"), ("policies", "changed"), ("agents", "added"),
    }  # fmt: skip
    assert after >= before + 6
    assert again.stdout == "no changes (6 unchanged)\n"
    assert written(client) == after
    analyst = client.agents.get("fleet-analyst-2")
    assert (analyst.labels, analyst.cost_per_task) == ({"region": "us", "gpus": "0"}, "15")
    assert client.limits.get("mail").rate == 100
    assert client.policies.get().by_type == {"report": "cheapest"}


def test_changes_are_told_field_by_field_and_made(
    mas: Spoken, client: Client, unique: str, file: Callable[[str], str]
) -> None:
    client.agents.put(unique, skills={"a": 0.5, "b": 0.5}, max_concurrent_tasks=3)
    client.agents.list(min_position=client.last_position)
    wanted = file(f"kind: agents\nspec:\n  {unique}: {{skills: {{a: 0.7, c: 1}}, owner: bob}}\n")

    told = mas("apply", "-f", wanted)

    assert told.stdout.splitlines() == [
        f"~ agents {unique}",
        "    skills.a: 0.5 -> 0.7",
        "    skills.b: 0.5 -> gone",
        "    skills.c: none -> 1",
        "1 changed",
    ]
    assert "owner counts when an agent registers" in told.stderr
    agent = client.agents.get(unique, min_position=client.audit.head().position)
    assert (agent.skills, agent.max_concurrent_tasks) == ({"a": 0.7, "c": 1.0}, 3)


def test_file_with_a_mistake_changes_nothing_at_all(
    mas: Spoken, client: Client, unique: str, file: Callable[[str], str]
) -> None:
    before = written(client)
    wrong = file(
        f"kind: agents\nspec:\n  {unique}: {{skills: {{a: 1}}}}\n---\n"
        f"kind: limits\nspec:\n  {unique}:\n    max_concurent: 2\n  x: {{rate: 1}}\n"
    )

    told = mas("apply", "-f", wrong, "-f", str(EXAMPLE), code=2)
    policy = file("kind: policies\nspec:\n  by_type: {report: my_own}\n")
    unknown = mas("apply", "-f", policy, code=2)

    lines = told.stderr.splitlines()
    assert lines[0] == "mas: nothing was applied: 2 mistakes"
    assert lines[1].startswith(f"  {wrong}:8: {unique}: max_concurent: this field is not known")
    assert lines[2].startswith(f"  {wrong}:9: x: per_seconds")
    assert "the server knows no policy my_own" in unknown.stderr
    assert written(client) == before


def test_pruning_removes_what_is_not_named_of_the_kinds_that_are(
    mas: Spoken, client: Client, unique: str, file: Callable[[str], str]
) -> None:
    client.limits.set(f"{unique}-keep", max_concurrent=1)
    client.limits.set(f"{unique}-drop", max_concurrent=2)
    agents = {agent.agent_id for agent in client.agents.iterate()}
    wanted = file(f"kind: limits\nspec:\n  {unique}-keep: {{max_concurrent: 1}}\n")
    client.limits.list(min_position=client.last_position)

    kept = mas("apply", "-f", wanted)
    unasked = mas("apply", "-f", wanted, "--prune", code=2)
    pruned = mas("apply", "-f", wanted, "--prune", "--yes")
    again = mas("apply", "-f", wanted, "--prune")

    assert kept.stdout == "no changes (1 unchanged)\n"
    assert "say --yes" in unasked.stderr
    assert f"- limits {unique}-drop" in pruned.stdout and f"{unique}-keep" not in pruned.stdout
    assert again.stdout == "no changes (1 unchanged)\n"
    assert {agent.agent_id for agent in client.agents.iterate()} == agents


def test_agents_that_are_pruned_leave(
    mas: Spoken, client: Client, unique: str, file: Callable[[str], str]
) -> None:
    client.agents.put(unique)
    client.agents.list(min_position=client.last_position)
    names = [agent.agent_id for agent in client.agents.iterate() if agent.agent_id != unique]
    wanted = file("kind: agents\nspec:\n" + "".join(f"  {name}:\n" for name in [*names, "new-one"]))

    mas("apply", "-f", wanted, "--prune", "--yes")

    position = client.audit.head().position
    assert client.agents.get(unique, min_position=position).status == "unregistered"
    assert client.agents.get("new-one").status == "active"


def test_stdin_is_a_file_like_others(mas: Spoken, client: Client, unique: str) -> None:
    with mas.going_on("apply", "-f", "-") as applying:
        out, err = applying.communicate(f"kind: agents\nspec:\n  {unique}: {{}}\n")

    assert (applying.returncode, err) == (0, "")
    assert out == f"+ agents {unique}\n1 added\n"
    assert client.agents.get(unique, min_position=client.audit.head().position).online


def test_whoever_was_quicker_is_not_overruled(client: Client, unique: str) -> None:
    client.agents.put(unique, max_concurrent_tasks=1)
    client.agents.list(min_position=client.last_position)
    text = f"kind: agents\nspec:\n  {unique}: {{max_concurrent_tasks: 2}}\n"
    fleet = fleet_of(read_documents("f.yaml", text.encode()))
    (change,) = compare(fleet, things_of(client, fleet.kinds), prune=False)
    client.agents.update(unique, max_concurrent_tasks=7)

    with pytest.raises(PreconditionFailed):
        carry_out(client, change)
