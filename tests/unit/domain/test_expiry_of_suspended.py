"""What a suspended agent has not started goes to others; what it has, it may finish."""

from __future__ import annotations

import pytest

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentSuspended,
    AgentUnregistered,
)
from aia_mas.domain.orchestration.expiry import Expiry, Release
from aia_mas.domain.orchestration.task_events import ReleaseReason

from .expiry_stories import NOON, Story


@pytest.fixture
def story() -> Story:
    return Story()


def test_what_a_suspended_agent_has_not_started_is_released_at_once(story: Story) -> None:
    story.registered().submitted("t").submitted("u").assigned("t").assigned("u").started("u")
    story.agent("a", AgentSuspended(at=NOON)).takeover()

    assert story.due() == [Release("t", 1, ReleaseReason.AGENT_SUSPENDED)]

    story.fold = at_once(Expiry.restore(list(at_once(story.fold.snapshot()))))
    assert story.due() == [Release("t", 1, ReleaseReason.AGENT_SUSPENDED)], "also after a restart"


@pytest.mark.parametrize("event", [AgentActivated(at=NOON), AgentDrained(at=NOON)])
def test_an_agent_that_is_suspended_no_more_keeps_its_tasks(story: Story, event: Event) -> None:
    story.registered().submitted().assigned().agent("a", AgentSuspended(at=NOON))
    story.agent("a", event)

    assert story.due() == []


def test_a_suspension_ends_with_the_agent(story: Story) -> None:
    story.registered().submitted("t").assigned("t").agent("a", AgentSuspended(at=NOON))
    story.agent("a", AgentUnregistered(at=NOON)).registered().submitted("u").assigned("u")

    assert story.due() == [Release("t", 1, ReleaseReason.AGENT_UNREGISTERED)]


def test_what_was_not_begun_at_an_endpoint_that_is_disabled_is_released_at_once(
    story: Story,
) -> None:
    story.registered().submitted("t").submitted("u").assigned("t").assigned("u").started("u")
    story.agent("a", AgentEndpointDisabled(reason="failing", at=NOON)).takeover()

    assert story.due() == [Release("t", 1, ReleaseReason.ENDPOINT_DISABLED)]

    story.fold = at_once(Expiry.restore(list(at_once(story.fold.snapshot()))))
    assert story.due() == [Release("t", 1, ReleaseReason.ENDPOINT_DISABLED)], "after a restart"
    # To be activated, or drained, is another matter.
    story.agent("a", AgentSuspended(at=NOON)).agent("a", AgentDrained(at=NOON))
    assert story.due() == [Release("t", 1, ReleaseReason.ENDPOINT_DISABLED)]
    story.agent("a", AgentEndpointEnabled(at=NOON))
    assert story.due() == []
