"""Staking tiers as a setting: in the environment and in the file, and what is refused."""

from decimal import Decimal

import pytest

from aia_mas.application.settings import SettingsError, load_settings

TOKEN = 10**18


def test_tiers_are_a_text_in_the_environment_and_a_table_in_the_file():
    text = {"MAS_STAKING_TIERS": "gold=3000:1.6, wood=10:0.9,bronze=false"}
    table = {
        "gold": {"min_stake": 3000, "multiplier": Decimal("1.6")},
        "wood": {"min_stake": "10", "multiplier": 0.9},
        "bronze": False,
    }

    by_text = load_settings(environment=text)
    by_table = load_settings(environment={}, config={"economic": {"staking_tiers": table}})

    assert by_text.staking_tiers == by_table.staking_tiers
    tiers = by_text.tiers
    assert tiers.names == ("wood", "silver", "gold", "platinum", "diamond")
    assert tiers.of(3000 * TOKEN) == "gold"
    assert tiers.of(3000 * TOKEN - 1) == "silver"
    assert tiers.of(10 * TOKEN - 1) is None


@pytest.mark.parametrize("raw", ["gold", "gold=", "gold=2000", "=1:1", "gold=x:1", "gold=1:x", ","])
def test_bad_texts_stop_the_start(raw: str):
    with pytest.raises(SettingsError, match="MAS_STAKING_TIERS"):
        load_settings(environment={"MAS_STAKING_TIERS": raw})
