"""How `mas tasks show` tells of a reward."""

from __future__ import annotations

import pytest

from aia.client.types import ToldReward
from aia_mas.interfaces.cli.tasks.showing import reward_words

TERMS = {"tier": "silver", "multiplier": "1.2", "base": "10", "reserved": "18", "seconds": 300.0}


@pytest.mark.parametrize(
    ("reward", "words"),
    [
        (ToldReward(status="unfunded", reason="pool_empty"), "unfunded: pool_empty"),
        (ToldReward(status="promised", **TERMS), "up to 18 tokens (silver: 10 x 1.2 x factor)"),
        (
            ToldReward(status="paid", factor="1.42", amount="17.04", gov="1", **TERMS),
            "17.04 tokens (silver: 10 x 1.2 x 1.42), 1 AIA_GOV",
        ),
        (
            ToldReward(status="forfeited", reason="stake_lost", amount="0", **TERMS),
            "forfeited: stake_lost",
        ),
    ],
)
def test_a_reward_is_told_in_a_line(reward: ToldReward, words: str) -> None:
    assert reward_words(reward) == words
