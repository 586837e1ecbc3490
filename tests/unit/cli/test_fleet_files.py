"""What files want of a fleet: checked as the server would, with lines, and compared by field."""

from typing import Any

import pytest

from aia_mas.interfaces.cli.apply.comparing import Change, Thing, compare
from aia_mas.interfaces.cli.apply.fleet import Fleet, fleet_of
from aia_mas.interfaces.cli.yaml_documents import read_documents

AGENT: dict[str, Any] = {
    "specializations": ["a", "b"],
    "skills": {"python": 0.9},
    "max_concurrent_tasks": 2,
    "cost_per_task": "15",
    "labels": {"gpus": "8", "fast": "true"},
    "resources": {"cpu": 8.0},
    "endpoint": None,
    "owner": "alice",
}


def fleet(text: str) -> Fleet:
    return fleet_of(read_documents("f.yaml", text.encode()))


def only(text: str, things: dict[tuple[str, str], Thing], *, prune: bool = False) -> Change:
    wanted = fleet(text)
    assert wanted.mistakes == ()
    (change,) = compare(wanted, things, prune=prune)
    return change


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("kind: agent\nspec: {}", "f.yaml:1: kind is one of limits, policies, agents, not 'agent'"),
        ("kind: agents\nspce: {}", "f.yaml:2: 'spce' is not known here"),
        ("kind: agents", "f.yaml:1: spec must be a mapping"),
        ("kind: agents\nspec:\n  a: 3", "f.yaml:3: 'a' must be a mapping"),
        ("- 1", "f.yaml:1: a document is a mapping"),
        ("kind: agents\nspec:\n  a:\n    skils: {}", "f.yaml:4: a: skils: this field is not known"),
        ("kind: agents\nspec:\n  a:\n    skills:\n      p: 1\n      q: 3", "f.yaml:6: a: skills.q"),
        ("kind: agents\nspec:\n  a:\n    labels: 3", "f.yaml:4: a: labels"),
        ("kind: agents\nspec:\n  tasks: {}", "f.yaml:3: tasks: agent_id"),
        ("kind: agents\nspec:\n  a: {cost_per_task: -1}", "f.yaml:3: a: cost_per_task"),
        ("kind: agents\nspec:\n  a: {agent_id: b}", "f.yaml:3: agent_id is the name"),
        ("kind: limits\nspec:\n  k: {rate: 3}", "f.yaml:3: k: per_seconds: a rate needs"),
        ("kind: limits\nspec:\n  k:", "f.yaml:3: k: max_concurrent"),
        ("kind: policies\nspec:\n  weights: {quality: 1}", "f.yaml:3: rules: weights"),
    ],
)
def test_mistakes_are_told_with_their_lines(text: str, mistake: str) -> None:
    (told, *_) = fleet(text).mistakes

    assert told.startswith(mistake)


def test_all_mistakes_are_told_at_once() -> None:
    text = "kind: agents\nspec:\n  a: {skills: {p: 7}, endpoint: ftp://x}\n  b: {x: 1}\n"

    assert len(fleet(text).mistakes) == 3


def test_a_thing_stands_once_in_all_files() -> None:
    text = "kind: limits\nspec:\n  k: {max_concurrent: 1}\n---\nkind: limits\nspec:\n  k: {rate: 1}"

    (told,) = fleet(text).mistakes

    assert told == "f.yaml:7: limits 'k' stands at f.yaml:3 already"


@pytest.mark.parametrize(
    "written",
    [
        "cost_per_task: 15.0",
        "cost_per_task: '15.00'",
        "labels: {gpus: 8, fast: true}",
        "labels: {gpus: 8.0, fast: 'true'}",
        "specializations: [b, a]",
        "resources: {cpu: 8}",
        "endpoint: null",
        "owner: alice",
        "skills: {python: 0.90}",
    ],
)
def test_what_is_the_same_otherwise_written_is_no_change(written: str) -> None:
    things = {("agents", "x"): Thing(AGENT, 3)}

    change = only(f"kind: agents\nspec:\n  x:\n    {written}", things)

    assert (change.action, change.fields) == ("unchanged", {})


def test_only_what_differs_of_what_was_said_changes() -> None:
    things = {("agents", "x"): Thing(AGENT, 3)}

    change = only(
        "kind: agents\nspec:\n  x: {max_concurrent_tasks: 5, skills: {python: 0.9}}", things
    )

    assert change.action == "changed"
    assert {name: tuple(field) for name, field in change.fields.items()} == {
        "max_concurrent_tasks": (2, 5)
    }
    assert change.revision == 3


def test_what_counts_at_registration_is_remarked_and_no_change() -> None:
    change = only("kind: agents\nspec:\n  x: {owner: bob}", {("agents", "x"): Thing(AGENT, 3)})

    assert change.action == "unchanged"
    assert change.remarks == ("owner counts when an agent registers, and stays alice",)


def test_limits_are_what_is_said_and_nothing_else() -> None:
    things = {("limits", "k"): Thing({"max_concurrent": 2, "rate": 5, "per_seconds": 1.0})}

    change = only("kind: limits\nspec:\n  k: {max_concurrent: 2}", things)

    assert set(change.fields) == {"rate", "per_seconds"}
    assert change.whole == {"max_concurrent": 2, "rate": None, "per_seconds": None}


def test_policies_of_types_that_are_not_named_go_only_when_pruned() -> None:
    things = {("policies", "rules"): Thing({"default": "scored", "by_type": {"a": "cheapest"}}, 4)}
    text = "kind: policies\nspec:\n  by_type: {b: sticky}"

    assert only(text, things).whole["by_type"] == {"a": "cheapest", "b": "sticky"}
    assert only(text, things, prune=True).whole["by_type"] == {"b": "sticky"}


def test_pruning_concerns_the_kinds_that_the_files_speak_of() -> None:
    things = {("agents", "gone"): Thing(AGENT, 7), ("limits", "stays"): Thing({"rate": 1})}
    wanted = fleet("kind: agents\nspec: {}")

    (change,) = compare(
        wanted, {key: thing for key, thing in things.items() if key[0] in wanted.kinds}, prune=True
    )

    assert (change.name, change.action, change.revision) == ("gone", "removed", 7)
    assert list(compare(wanted, things, prune=False)) == []
