"""A system in memory and a node on PostgreSQL are the same: one story leaves the same events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from . import stories
from .worlds import HASTY, QUIET, in_memory, on_a_node

Story = Callable[..., Any]


def word_of(story: Story) -> str:
    return story.__name__.replace("_", "-")


@pytest.fixture(scope="module")
def quiet_url(start_for_module: Callable[..., Any]) -> str:
    """A node on which nothing happens by itself."""
    url: str = start_for_module(**QUIET).url
    return url


@pytest.fixture(scope="module")
async def told_in_haste(start_for_module: Callable[..., Any]) -> dict[Story, Any]:
    """What stories about time-outs left on a node; they are told at the same time, to wait once."""
    url = start_for_module(**HASTY).url
    telling = [on_a_node(url, word_of(story), story) for story in stories.HASTY]
    found = await asyncio.gather(*telling, return_exceptions=True)
    return dict(zip(stories.HASTY, found, strict=True))


def check_same(here: list[Any], there: list[Any]) -> None:
    assert here[1] == there[1], "the events"
    assert here[0] == there[0], "what was found"
    assert len(here[1]) >= 2


@pytest.mark.parametrize("story", stories.UNHURRIED, ids=word_of)
async def test_a_story_is_the_same_in_memory(story: Story, quiet_url: str) -> None:
    there = await on_a_node(quiet_url, word_of(story), story)
    check_same(await in_memory(word_of(story), story, QUIET), there)


@pytest.mark.parametrize("story", stories.HASTY, ids=word_of)
async def test_time_outs_are_the_same_in_memory(
    story: Story, told_in_haste: dict[Story, Any]
) -> None:
    there = told_in_haste[story]
    if isinstance(there, BaseException):
        raise there
    check_same(await in_memory(word_of(story), story, HASTY), there)
