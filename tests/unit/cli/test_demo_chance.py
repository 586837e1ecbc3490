"""A demo's profile is checked, and chance in it comes out the same for the same seed."""

import pytest

from aia_mas.interfaces.cli.bad_files import BadFiles
from aia_mas.interfaces.cli.demo.chance import agent_of, outcome_of, task_of
from aia_mas.interfaces.cli.demo.profile import Bounds, bounds_of, profile_of

FILE = (
    b"agents: 5\nlatency: 0.1-0.2\nfailures: 0.5\ntask_types:\n  a: {latency: 2, share: 3}\n  b:\n"
)


def test_options_go_before_the_file_and_the_file_before_what_is_usual() -> None:
    file = profile_of("p.yaml", FILE, {})
    given = profile_of("p.yaml", FILE, {"latency": "3", "task_types": ["a", "c"], "agents": 2})

    assert (file.agents, file.rate) == (5, 4.0)
    assert [(each.name, each.latency, each.failures) for each in file.task_types] == [
        ("a", Bounds(2, 2), 0.5),
        ("b", Bounds(0.1, 0.2), 0.5),
    ]
    assert given.agents == 2
    assert [(each.name, each.share, each.latency) for each in given.task_types] == [
        ("a", 3, Bounds(3, 3)),
        ("c", 1, Bounds(3, 3)),
    ]


@pytest.mark.parametrize(
    ("content", "given", "told"),
    [
        (b"agents: 0", {}, "agents are between 1 and 500"),
        (b"agents: many", {}, "p.yaml:1: agents"),
        (b"rate: 1\ntask_types:\n  a: {latncy: 1}", {}, "p.yaml:3: task_types.a.latncy"),
        (b"rate: 1\nrate: 2", {}, "p.yaml:2: 'rate' stands here twice"),
        (b"", {"failures": 1.5}, "failures are a share"),
        (b"", {"latency": "quick"}, "a latency is like 0.5-3"),
        (b"", {"latency": "3-1"}, "a latency is like 0.5-3"),
        (b"", {"rate": 0.0}, "the rate is at most"),
        (b"task_types: {}", {}, "there are no task types"),
        (b"task_types: {a: {share: 0}}", {}, "its share must be above 0"),
        (b"task_types: {a: {priority: urgent}}", {}, "priority is one of"),
        (b"- 1", {}, "a profile is a mapping"),
    ],
)
def test_bad_profiles_are_refused(content: bytes, given: dict[str, object], told: str) -> None:
    with pytest.raises(BadFiles) as refused:
        profile_of("p.yaml", content, given)

    assert told in refused.value.mistakes[0]


def test_same_seed_same_chance() -> None:
    one, again = profile_of(None, b"", {"seed": 7}), profile_of(None, b"", {"seed": 7})
    other = profile_of(None, b"", {"seed": 8})

    def drawn(profile: object) -> list[object]:
        return [
            *(task_of(profile, number) for number in range(20)),  # type: ignore[arg-type]
            *(agent_of(profile, number) for number in range(5)),  # type: ignore[arg-type]
            *(outcome_of(profile, "report", number, 1) for number in range(20)),  # type: ignore[arg-type]
        ]

    assert drawn(one) == drawn(again)
    assert drawn(one) != drawn(other)


@pytest.mark.parametrize("agents", [1, 3, 12])
def test_every_type_of_task_has_an_agent_that_can_do_it(agents: int) -> None:
    profile = profile_of(None, b"", {"agents": agents})
    fleet = [agent_of(profile, number) for number in range(agents)]

    for number in range(50):
        ((skill, level),) = task_of(profile, number)["requirements"]["skills"].items()
        assert any(agent["skills"].get(skill, -1.0) >= level for agent in fleet)
    assert len({agent["agent_id"] for agent in fleet}) == agents


def test_failures_and_latencies_keep_to_the_profile() -> None:
    profile = profile_of(None, b"", {"failures": 0.3, "latency": "1-2"})
    outcomes = [outcome_of(profile, "report", number, 1) for number in range(1_000)]

    assert all(1 <= outcome.seconds <= 2 for outcome in outcomes)
    assert 200 < sum(outcome.error is not None for outcome in outcomes) < 400


def test_bounds_are_one_number_or_two() -> None:
    assert bounds_of(1.5) == bounds_of("1.5") == Bounds(1.5, 1.5)
    assert bounds_of("0.2-3") == Bounds(0.2, 3.0)
