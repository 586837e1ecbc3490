"""Where the policies of a user are, as a setting: read, imported, refused."""

import sys
from pathlib import Path
from typing import Any

import pytest

from aia_mas.application.settings import Settings, SettingsError, load_settings
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.own_policies import policies_at

MODULE = """
from aia_mas.domain.orchestration.scoring.policies import Policy

def last(shortlist, weights, seed):
    return len(shortlist) - 1

one = Policy("last", last)
several = [Policy("first", lambda shortlist, weights, seed: 0), Policy("ultimate", last)]
taken = Policy("scored", last)
nameless = Policy("", last)
number = 1
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module of a user that can be imported."""
    (tmp_path / "policies_of_a_user.py").write_text(MODULE)
    (tmp_path / "breaks_on_import.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "policies_of_a_user", raising=False)
    return "policies_of_a_user"


def test_places_are_a_text_in_the_environment_and_a_list_in_the_file():
    wanted = ("a.b:one", "c:two")

    assert load_settings(environment={"MAS_POLICIES": "a.b:one, c:two"}).policies == wanted
    config = {"orchestration": {"policies": list(wanted)}}
    assert load_settings(environment={}, config=config).policies == wanted
    assert load_settings(environment={}).policies == ()


@pytest.mark.parametrize("raw", ["a.b", "a.b:", ":one", "a-b:one", "a:b:c", ["a:b", 1], {"a": "b"}])
def test_a_place_that_is_none_stops_the_start(raw: Any):
    with pytest.raises(SettingsError, match=r"^orchestration\.policies: "):
        load_settings(environment={}, config={"orchestration": {"policies": raw}})


def test_a_node_knows_the_policies_that_its_settings_name(module: str):
    system = System(Settings(policies=(f"{module}:one", f"{module}:several")))

    assert list(system.policies) == [*BUILT_IN, "last", "first", "ultimate"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere_to_be_found:one", "No module named"),
        ("breaks_on_import:one", "ZeroDivisionError"),
        ("policies_of_a_user:missing", "no attribute 'missing'"),
        ("policies_of_a_user:number", "is no Policy"),
        ("policies_of_a_user:taken", "two policies called 'scored'"),
        ("policies_of_a_user:nameless", "1 to 128 characters"),
    ],
)
@pytest.mark.usefixtures("module")
def test_what_cannot_be_had_stops_the_start(place: str, words: str):
    with pytest.raises(SettingsError, match=r"^orchestration\.policies: ") as refused:
        policies_at([place])

    assert words in str(refused.value)
