"""Tokens and their amounts as settings: lists and tables, in the environment and in the file."""

import pytest

from .loading import load, refusal

TOKEN = 10**18


def test_our_own_tokens_are_there_whatever_is_named():
    assert load().tokens == ("AIA", "AIA_GOV")
    assert load({"MAS_TOKENS": "GOLD, AIA_GOV,"}).tokens == ("AIA", "AIA_GOV", "GOLD")
    named = {"economic": {"tokens": ["GOLD"]}}
    assert load(config=named).tokens == ("AIA", "AIA_GOV", "GOLD")


def test_amounts_by_token_are_a_text_in_the_environment_and_a_table_in_the_file():
    text = {"MAS_TOKENS": "GOLD", "MAS_SUPPLY_CAP": "AIA=200000000, GOLD=0.5"}
    table = {"economic": {"tokens": ["GOLD"], "supply_cap": {"AIA": 200_000_000, "GOLD": "0.5"}}}

    for settings in (load(text), load(config=table)):
        assert settings.supply_cap("AIA") == 200_000_000 * TOKEN
        assert settings.supply_cap("GOLD") == TOKEN // 2
        assert settings.supply_cap("AIA_GOV") == 1_000_000_000 * TOKEN


def test_what_is_not_named_begins_as_it_does_by_default():
    settings = load({"MAS_GENESIS_TREASURY": "AIA=1", "MAS_GENESIS_REWARD_POOL": "AIA_GOV=0"})

    assert settings.genesis_treasury == {"AIA": TOKEN, "AIA_GOV": 90_000_000 * TOKEN}
    assert settings.genesis_reward_pool == {"AIA": 10_000_000 * TOKEN, "AIA_GOV": 0}


def test_a_cap_below_the_beginning_stops_the_start_in_development_only():
    low = {"MAS_SUPPLY_CAP": "AIA=5"}

    assert refusal(low).key == "MAS_SUPPLY_CAP"
    nothing = {"MAS_GENESIS_TREASURY": "AIA=5", "MAS_GENESIS_REWARD_POOL": "AIA=0"}
    assert load(low | nothing).supply_cap("AIA") == 5 * TOKEN
    assert load(low | {"MAS_JWT_SECRET": "s" * 32}).supply_cap("AIA") == 5 * TOKEN


@pytest.mark.parametrize("name", ["", "aia", "AIA-GOV", "A" * 17, "1A", "AIÁ", "A B"])
def test_a_token_is_a_word_in_capitals(name: str):
    assert refusal(config={"economic": {"supply_cap": {name: 1}}}).key == "economic.supply_cap"
