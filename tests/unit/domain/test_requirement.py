"""Whom a task suits, by the rule itself and by the fleet's arrays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.fleet.matching import Matching
from aia_mas.domain.orchestration.requirement import (
    FIT,
    PREFERRED,
    SPECIALISED,
    UNFIT,
    signature_of,
    suitability,
)
from aia_mas.domain.orchestration.scoring.candidates import Mark
from aia_mas.domain.orchestration.task_specification import Requirements

NAMES = st.sampled_from(["a", "b", "c"])
LEVELS = st.sampled_from([0.0, 0.3, 0.7, 1.0])
PRICES = st.sampled_from([0, 5, 2**62 - 1, 2**62, 2**62 + 1, 10**33 - 1, 10**33])
TUPLES = st.lists(NAMES, max_size=2).map(tuple)
LABELS = st.dictionaries(NAMES, st.sampled_from(["x", "y"]), max_size=2)
CAPABILITIES = st.builds(
    Capabilities,
    specializations=TUPLES,
    skills=st.dictionaries(NAMES, LEVELS, max_size=3),
    cost_per_task=PRICES,
    labels=LABELS,
    data_sources=TUPLES,
)
AGENTS = ("a0", "a1", "a2", "a3")
SOME = st.lists(st.sampled_from([*AGENTS, "nobody"]), max_size=2).map(tuple)
REQUIREMENTS = st.builds(
    Requirements,
    skills=st.dictionaries(NAMES, LEVELS, max_size=2),
    specializations=st.lists(NAMES, max_size=1).map(tuple),
    labels=st.dictionaries(NAMES, st.sampled_from(["x", "y"]), max_size=1),
    data_sources=TUPLES,
    preferred_agents=SOME,
    excluded_agents=SOME,
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


def test_a_signature_does_not_depend_on_the_order_of_writing():
    first = Requirements(skills={"a": 0.1, "b": 0.2}, data_sources=("x", "y", "x"))
    second = Requirements(skills={"b": 0.2, "a": 0.1}, data_sources=("y", "x"))

    assert signature_of("t", first) == signature_of("t", second)
    assert hash(signature_of("t", first)) == hash(signature_of("t", second))
    assert signature_of("t", first) != signature_of("u", first)


@given(
    first=st.lists(CAPABILITIES | st.none(), min_size=1, max_size=4),
    changes=st.lists(st.tuples(st.integers(0, 3), CAPABILITIES | st.none()), max_size=6),
    signatures=st.lists(SIGNATURES, min_size=1, max_size=3),
    warm=st.booleans(),
)
def test_the_arrays_agree_with_the_rule_after_any_changes(first, changes, signatures, warm):
    directory = Directory()
    matching = Matching(directory)
    declared = {}
    for agent_id, capabilities in zip(AGENTS, first, strict=False):
        directory.declare(directory.seat(agent_id), capabilities)
        declared[agent_id] = capabilities
    if warm:
        for signature in signatures:
            matching.pool(signature)
    for index, capabilities in changes:
        slot = directory.seat(AGENTS[index])
        directory.declare(slot, capabilities)
        matching.changed(slot)
        declared[AGENTS[index]] = capabilities

    for signature in signatures:
        expected = {
            agent_id: UNFIT
            if capabilities is None
            else suitability(signature, agent_id, capabilities)
            for agent_id, capabilities in declared.items()
        }
        by_slot = {name: matching.suits(signature, directory.slots[name]) for name in declared}
        slots, marks = matching.pool(signature)
        ties = {PREFERRED: Mark.PREFERRED, SPECIALISED: Mark.SPECIALISED, FIT: 0}
        marked = [0] * slots.size if marks is None else marks.tolist()
        pooled = dict(zip((directory.agent_ids[slot] for slot in slots), marked, strict=True))
        assert by_slot == expected
        assert slots.tolist() == sorted(slots.tolist())
        assert pooled == {name: ties[code] for name, code in expected.items() if code != UNFIT}
