"""The weights of features as a setting: in the environment, in the file, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest

from aia_mas.application.settings import SettingsError, load_settings
from aia_mas.domain.orchestration.scoring.weights import Weights

WANTED = Weights(quality=6_000, latency=0, headroom=0, price=4_000, stake=0, affinity=0)


def test_weights_are_a_text_in_the_environment_and_a_table_in_the_file():
    text = {"MAS_SCORING_WEIGHTS": "quality=0.6, price=0.4"}
    table = {"orchestration": {"scoring_weights": {"quality": Decimal("0.6"), "price": "0.4"}}}

    assert load_settings(environment=text).scoring_weights == WANTED
    assert load_settings(environment={}, config=table).scoring_weights == WANTED
    assert load_settings(environment={}).scoring_weights is None


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("quality=0.6", "add up to 1"),
        ("quality=0.6,beauty=0.4", "beauty"),
        ("quality=much", "quality must be a number"),
        ("quality=nan", "quality must be a number"),
        ("quality=0.8,stake=0.2", "stake counts for at most 0.1"),
        ("quality", "quality must be a number"),
        ({"quality": True}, "quality must be a number"),
        ([], "must be a table of weights"),
    ],
)
def test_bad_weights_stop_the_start(raw: Any, words: str):
    with pytest.raises(SettingsError, match=r"orchestration\.scoring_weights") as refused:
        load_settings(environment={}, config={"orchestration": {"scoring_weights": raw}})

    assert words in str(refused.value)
