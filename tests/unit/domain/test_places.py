"""Places in what was sent: one text for a path, whatever the names on it are."""

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.kernel.places import steps_of, within


def place_of(steps: list[str]) -> str:
    first, *rest = steps
    place = within("", first)
    for step in rest:
        place = within(place, step)
    return place


def test_a_dot_within_a_name_parts_nothing() -> None:
    assert within("skills", "node.js") == "skills.node\\.js"
    assert within("specializations", 1) == "specializations.1"
    assert steps_of("requirements.skills.node\\.js") == ["requirements", "skills", "node.js"]


@given(st.lists(st.text(alphabet=".\\a1\n", min_size=1), min_size=1, max_size=5))
def test_steps_come_back_whatever_they_are(steps: list[str]) -> None:
    assert steps_of(place_of(steps)) == steps
