"""Whom a task suits, by the rule itself and by the fleet's arrays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import directory as directory_module
from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.fleet.matching import Matching
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition
from aia_mas.domain.orchestration.requirement import (
    FIT,
    PREFERRED,
    SPECIALISED,
    UNFIT,
    RequirementSignature,
    grade_of,
    signature_of,
    suitability,
)
from aia_mas.domain.orchestration.scoring.candidates import Mark, labels_mark
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS

NAMES = st.sampled_from(["a", "b", "c"])
LEVELS = st.sampled_from([0.0, 0.3, 0.7, 1.0])
PRICES = st.sampled_from([0, 5, 2**62 - 1, 2**62, 2**62 + 1, 10**33 - 1, 10**33])
TUPLES = st.lists(NAMES, max_size=2).map(tuple)
VALUES = st.sampled_from(["x", "y", "8", "-3.5", "8.0", ""])
LABELS = st.dictionaries(NAMES, VALUES, max_size=2)
CONDITIONS = st.lists(
    st.builds(
        LabelCondition,
        NAMES,
        st.sampled_from([each for each in Comparator if each is not Comparator.IN]),
        VALUES,
        preferred=st.booleans(),
    )
    | st.builds(
        LabelCondition,
        NAMES,
        st.just(Comparator.IN),
        values=st.lists(VALUES, min_size=1, max_size=2).map(tuple),
        preferred=st.booleans(),
    ),
    max_size=3,
).map(tuple)
AMOUNTS = st.dictionaries(NAMES, st.sampled_from([0.0, 0.1, 0.1000001, 1e12]), max_size=2)
CAPABILITIES = st.builds(
    Capabilities,
    specializations=TUPLES,
    skills=st.dictionaries(NAMES, LEVELS, max_size=3),
    cost_per_task=PRICES,
    labels=LABELS,
    data_sources=TUPLES,
    resources=AMOUNTS,
)
RANKS = st.integers(0, 5)
AGENTS = ("a0", "a1", "a2", "a3")
SOME = st.lists(st.sampled_from([*AGENTS, "nobody"]), max_size=2).map(tuple)
REQUIREMENTS = st.builds(
    Requirements,
    skills=st.dictionaries(NAMES, LEVELS, max_size=2),
    specializations=st.lists(NAMES, max_size=1).map(tuple),
    labels=st.dictionaries(NAMES, VALUES, max_size=1) | CONDITIONS,
    data_sources=TUPLES,
    preferred_agents=SOME,
    excluded_agents=SOME,
    resources=AMOUNTS,
    min_tier=st.none() | st.sampled_from([*DEFAULT_TIERS.names, "wooden"]),
)
SIGNATURES = st.builds(signature_of, NAMES, REQUIREMENTS, st.none() | PRICES)


@pytest.mark.parametrize(
    ("requirements", "capabilities", "expected"),
    [
        (Requirements(), Capabilities(), FIT),
        (Requirements(), Capabilities(specializations=("t",)), SPECIALISED),
        (Requirements(preferred_agents=("me",)), Capabilities(), PREFERRED),
        (
            Requirements(preferred_agents=("me",), excluded_agents=("me",)),
            Capabilities(),
            UNFIT,
        ),
        (Requirements(skills={"x": 0.7}), Capabilities(skills={"x": 0.7}), FIT),
        (Requirements(skills={"x": 0.7}), Capabilities(skills={"x": 0.69}), UNFIT),
        (Requirements(skills={"x": 0.7}), Capabilities(specializations=("x",)), UNFIT),
        (Requirements(skills={"x": 0.0}), Capabilities(specializations=("x",)), FIT),
        (Requirements(skills={"x": 0.0}), Capabilities(skills={"x": 0.0}), FIT),
        (Requirements(skills={"x": 0.0}), Capabilities(skills={"y": 1.0}), UNFIT),
        (Requirements(specializations=("x",)), Capabilities(skills={"x": 1.0}), UNFIT),
        (Requirements(specializations=("x",)), Capabilities(specializations=("x", "y")), FIT),
        (Requirements(labels={"z": "eu"}), Capabilities(labels={"z": "eu"}), FIT),
        (Requirements(labels={"z": "eu"}), Capabilities(labels={"z": "us"}), UNFIT),
        (Requirements(labels={"z": "eu"}), Capabilities(), UNFIT),
        (Requirements(labels=(LabelCondition("z", value="eu"),)), Capabilities(), UNFIT),
        (Requirements(resources={"gpu": 0.5}), Capabilities(resources={"gpu": 0.5}), FIT),
        (Requirements(resources={"gpu": 0.51}), Capabilities(resources={"gpu": 0.5}), UNFIT),
        (Requirements(resources={"gpu": 0.5}), Capabilities(), UNFIT),
        (Requirements(resources={"gpu": 0.0}), Capabilities(), FIT),
        (Requirements(min_tier="bronze"), Capabilities(), UNFIT),
        (Requirements(data_sources=("db",)), Capabilities(), FIT),
        (Requirements(data_sources=("db",)), Capabilities(data_sources=("db", "s3")), FIT),
        (Requirements(data_sources=("db", "x")), Capabilities(data_sources=("db",)), UNFIT),
    ],
)
def test_who_suits(requirements, capabilities, expected):
    assert suitability(signature_of("t", requirements), "me", capabilities) == expected


@pytest.mark.parametrize(("price", "expected"), [(10, FIT), (11, UNFIT)])
def test_the_price_is_within_the_budget(price, expected):
    signature = signature_of("t", Requirements(), 10)

    assert suitability(signature, "me", Capabilities(cost_per_task=price)) == expected


@pytest.mark.parametrize(("tier", "expected"), [(2, UNFIT), (3, FIT), (5, FIT)])
def test_a_higher_tier_will_do(tier, expected):
    signature = signature_of("t", Requirements(min_tier="gold"))

    assert suitability(signature, "me", Capabilities(), tier) == expected


def test_preferred_labels_decide_within_a_group_and_never_exclude():
    wanted = (
        LabelCondition("zone", value="eu", preferred=True),
        LabelCondition("cores", Comparator.AT_LEAST, "8", preferred=True),
    )
    signature = signature_of("t", Requirements(labels=wanted, preferred_agents=("p",)))
    both, one = {"zone": "eu", "cores": "16"}, {"zone": "eu"}
    order = [
        ("p", Capabilities(labels=both), (PREFERRED, 2)),
        ("p", Capabilities(), (PREFERRED, 0)),
        ("s", Capabilities(specializations=("t",), labels=both), (SPECIALISED, 2)),
        ("s", Capabilities(specializations=("t",)), (SPECIALISED, 0)),
        ("o", Capabilities(labels=both), (FIT, 2)),
        ("o", Capabilities(labels=one), (FIT, 1)),
        ("o", Capabilities(), (FIT, 0)),
    ]

    found = [suitability(signature, agent_id, able) for agent_id, able, _ in order]

    assert found == sorted(set(found))
    assert [grade_of(signature, each) for each in found] == [grade for _, _, grade in order]


def test_a_signature_does_not_depend_on_the_order_of_writing():
    first = Requirements(skills={"a": 0.1, "b": 0.2}, data_sources=("x", "y", "x"))
    second = Requirements(skills={"b": 0.2, "a": 0.1}, data_sources=("y", "x"))

    assert signature_of("t", first) == signature_of("t", second)
    assert hash(signature_of("t", first)) == hash(signature_of("t", second))
    assert signature_of("t", first) != signature_of("u", first)


def test_a_plain_map_of_labels_is_the_same_as_its_conditions():
    plain = Requirements(labels={"a": "1", "b": "2"})
    listed = Requirements(
        labels=(
            LabelCondition("b", Comparator.IN, values=("2", "2")),
            LabelCondition("a", value="1"),
            LabelCondition("a", value="1"),
        )
    )

    assert signature_of("t", plain) == signature_of("t", listed)


@given(
    first=st.lists(st.tuples(CAPABILITIES | st.none(), RANKS), min_size=1, max_size=4),
    changes=st.lists(st.tuples(st.integers(0, 3), CAPABILITIES | st.none(), RANKS), max_size=6),
    signatures=st.lists(SIGNATURES, min_size=1, max_size=3),
    warm=st.booleans(),
)
def test_the_arrays_agree_with_the_rule_after_any_changes(first, changes, signatures, warm):
    directory = Directory()
    matching = Matching(directory)
    declared = {}
    for agent_id, (capabilities, tier) in zip(AGENTS, first, strict=False):
        declare(directory, directory.seat(agent_id), capabilities, tier)
        declared[agent_id] = capabilities, tier
    if warm:
        for signature in signatures:
            matching.pool(signature)
    for index, capabilities, tier in changes:
        slot = directory.seat(AGENTS[index])
        declare(directory, slot, capabilities, tier)
        matching.changed(slot)
        declared[AGENTS[index]] = capabilities, tier

    for signature in signatures:
        expected = {
            agent_id: UNFIT
            if capabilities is None
            else suitability(signature, agent_id, capabilities, tier)
            for agent_id, (capabilities, tier) in declared.items()
        }
        by_slot = {name: matching.suits(signature, directory.slots[name]) for name in declared}
        slots, marks = matching.pool(signature)
        marked = [0] * slots.size if marks is None else marks.tolist()
        pooled = dict(zip((directory.agent_ids[slot] for slot in slots), marked, strict=True))
        assert by_slot == expected
        assert slots.tolist() == sorted(slots.tolist())
        assert pooled == {
            name: ties(signature, code) for name, code in expected.items() if code != UNFIT
        }


def declare(directory: Directory, slot: int, capabilities: Capabilities | None, tier: int) -> None:
    """Have an agent declare something, with the least stake of a tier (0: none)."""
    directory.declare(slot, capabilities)
    directory.set_stake(slot, (0, *(row.stake for row in directory.tiers.rows))[tier])


def ties(signature: RequirementSignature, code: int) -> int:
    """Return the marks of an agent that suits in this way."""
    group, met = grade_of(signature, code)
    wanted = len(signature.preferred_labels)
    tie = {PREFERRED: Mark.PREFERRED, SPECIALISED: Mark.SPECIALISED, FIT: 0}[group]
    return tie | (labels_mark(met, wanted) if wanted else 0)


def test_names_that_no_agent_declares_leave_nothing_behind():
    """Anybody may ask for them, as many as there are words."""
    directory = Directory()
    matching = Matching(directory)
    directory.declare(directory.seat("a"), Capabilities(skills={"known": 1.0}))
    asked = Requirements(
        skills={"known": 0.5, "unheard": 0.0},
        labels={"of": "it"},
        resources={"ever": 1.0},
        data_sources=("before",),
        specializations=("or", "since"),
    )
    signature = signature_of("t", asked)

    assert matching.pool(signature).slots.size == 0
    assert {condition.code for condition in directory.conditions(signature) if condition.met.any()}
    assert {key[1] for key in directory._columns} <= {"known"}

    able = Capabilities(
        skills={"known": 1.0, "unheard": 1.0},
        labels={"of": "it"},
        resources={"ever": 2.0},
        data_sources=("before",),
        specializations=("or", "since"),
    )
    slot = directory.seat("b")
    directory.declare(slot, able)
    matching.changed(slot)
    assert matching.pool(signature).slots.tolist() == [slot]
    assert Matching(directory).pool(signature).slots.tolist() == [slot]
    directory.declare(slot, None)
    assert Matching(directory).pool(signature).slots.size == 0


@pytest.mark.parametrize("room", [64 << 20, 4 * 64 * 8, 0], ids=["ample", "scarce", "none"])
def test_columns_that_grew_say_what_new_ones_say(monkeypatch, room):
    """Begun with the first agent that declares a name, asked for early, late, or built anew."""
    monkeypatch.setattr(directory_module, "_COLUMN_BYTES", room)

    def able(number):
        return Capabilities(
            skills={"all": number / 200, f"skill-{number % 5}": 1.0},
            specializations=("rare",) if number % 50 == 0 else (),
            labels={"n": str(number)},
            resources={"cpu": float(number % 7)},
        )

    asked = [
        Requirements(skills={"all": 0.5}),
        Requirements(skills={"skill-3": 0.5}, specializations=("rare",)),
        Requirements(resources={"cpu": 5.0}),
        Requirements(labels=(LabelCondition(key="n", op=Comparator.ABOVE, value="120"),)),
    ]
    grown = Directory()
    for number in range(200):
        grown.declare(grown.seat(f"a{number:03}"), able(number))
        if number == 20:
            for each in asked:
                Matching(grown).pool(signature_of("t", each))
    for number in range(0, 200, 9):
        grown.declare(grown.slots[f"a{number:03}"], able(number + 1))
    anew = Directory()
    for number in range(200):
        anew.seat(f"a{number:03}")
    for number in reversed(range(200)):
        anew.declare(number, able(number + 1 if number % 9 == 0 else number))

    for each in asked:
        signature = signature_of("t", each)
        expected = [
            slot
            for slot, declared in enumerate(grown.declared)
            if declared and suitability(signature, f"a{slot:03}", declared)
        ]
        assert Matching(grown).pool(signature).slots.tolist() == expected
        assert Matching(anew).pool(signature).slots.tolist() == expected
