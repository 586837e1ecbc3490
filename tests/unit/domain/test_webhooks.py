"""The fold of what is to be sent to endpoints."""

from datetime import UTC, datetime

import pytest

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentUnregistered,
    AgentUpdated,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskStarted,
    TaskStatus,
)
from aia_mas.domain.orchestration.webhooks import Endpoint, Webhooks, Work

AT = datetime(2026, 1, 2, tzinfo=UTC)
URL, OTHER = "https://a.example/", "https://b.example/"
WORK = Work("t", 1, "a", "L1")
STARTED = TaskStarted(agent_id="a", attempt=1, lease="L1", started_at=AT)


def able(url: str | None) -> Capabilities:
    return Capabilities(endpoint=url)


def registered(url: str | None = URL) -> AgentRegistered:
    return AgentRegistered(capabilities=able(url), owner="o", registered_at=AT)


def updated(url: str | None) -> AgentUpdated:
    return AgentUpdated(capabilities=able(url), revision=2)


def assigned(attempt: int = 1, agent_id: str = "a") -> TaskAssigned:
    lease = f"L{attempt}"
    return TaskAssigned(
        agent_id=agent_id, attempt=attempt, lease=lease, lease_seconds=1.0, assigned_at=AT
    )


class Story:
    """Events in the order of their positions."""

    def __init__(self) -> None:
        self.fold = Webhooks()
        self.position = 0

    def agent(self, *events: Event) -> "Story":
        return self._tell("agent/a", *events)

    def task(self, *events: Event, task_id: str = "t") -> "Story":
        return self._tell(f"task/{task_id}", *events)

    def _tell(self, stream: str, *events: Event) -> "Story":
        for event in events:
            self.position += 1
            self.fold.apply(self.position, stream, event)
        return self


def test_what_is_assigned_to_an_agent_with_an_endpoint_is_due() -> None:
    fold = Story().agent(registered()).task(assigned()).task(assigned(), task_id="u").fold

    assert fold.endpoint("a") == Endpoint(URL, 1)
    assert fold.due("a") == [WORK, Work("u", 1, "a", "L1")]
    assert fold.is_due(WORK)
    assert fold.touched == {"a"}
    assert WORK.webhook_id == "t:1"


def test_of_agents_without_an_endpoint_nothing_is_due_until_they_have_one() -> None:
    story = Story().agent(registered(None)).task(assigned())
    assert (story.fold.endpoint("a"), story.fold.due("a"), story.fold.touched) == (None, [], set())
    assert not story.fold.is_due(WORK)

    story.agent(updated(URL))

    assert (story.fold.endpoint("a"), story.fold.due("a")) == (Endpoint(URL, 3), [WORK])
    assert story.fold.touched == {"a"}


@pytest.mark.parametrize(
    "over",
    [
        STARTED,
        TaskCompleted(agent_id="a", attempt=1, lease="L1", completed_at=AT),
        TaskFailed(
            agent_id="a",
            attempt=1,
            error_code="e",
            retryable=True,
            outcome=TaskStatus.QUEUED,
            failed_at=AT,
        ),
        TaskReleased(
            agent_id="a",
            attempt=1,
            reason=ReleaseReason.NOT_STARTED,
            outcome=TaskStatus.QUEUED,
            released_at=AT,
        ),
        TaskCancelled(agent_id="a", attempt=1, by="c", at=AT),
        TaskExpired(agent_id="a", attempt=1, at=AT),
    ],
    ids=lambda event: event.topic,
)
def test_what_is_begun_or_taken_away_is_due_no_more(over: Event) -> None:
    story = Story().agent(registered()).task(assigned())
    story.fold.touched.clear()

    story.task(over)

    assert (story.fold.due("a"), story.fold.is_due(WORK)) == ([], False)
    assert story.fold.touched == {"a"}, "whoever sends it is to notice"
    story.task(assigned(2))
    assert story.fold.due("a") == [Work("t", 2, "a", "L2")]
    assert not story.fold.is_due(WORK)


def test_to_a_disabled_endpoint_nothing_is_sent_until_it_is_enabled() -> None:
    story = Story().agent(registered()).task(assigned())
    story.agent(AgentEndpointDisabled(reason="failing", at=AT))
    assert (story.fold.due("a"), story.fold.is_due(WORK)) == ([], False)
    assert story.fold.count() == (0, 1)
    story.agent(updated(OTHER))
    assert story.fold.due("a") == [], "the event that enables it is still to come"

    story.agent(AgentEndpointEnabled(at=AT))

    assert story.fold.endpoint("a") == Endpoint(OTHER, 5)
    assert (story.fold.due("a"), story.fold.count()) == ([WORK], (1, 0))


def test_an_endpoint_stays_the_same_one_when_something_else_changes() -> None:
    story = Story().agent(registered(), updated(URL))
    assert story.fold.endpoint("a") == Endpoint(URL, 1)
    story.agent(updated(OTHER))
    assert story.fold.endpoint("a") == Endpoint(OTHER, 3)


@pytest.mark.parametrize("gone", [AgentUnregistered(at=AT), updated(None)])
def test_without_an_endpoint_nothing_is_due(gone: Event) -> None:
    story = Story().agent(registered()).task(assigned())
    story.fold.touched.clear()

    story.agent(gone)

    assert (story.fold.endpoint("a"), story.fold.due("a")) == (None, [])
    assert story.fold.touched == {"a"}


def test_a_snapshot_goes_on_where_it_was_taken() -> None:
    story = Story().agent(registered()).task(assigned()).task(assigned(1, "b"), task_id="u")
    story.agent(AgentEndpointDisabled(reason="failing", at=AT))

    pieces = list(at_once(story.fold.snapshot()))
    story.fold = at_once(Webhooks.restore(pieces))

    assert list(at_once(story.fold.snapshot())) == pieces
    assert story.fold.touched == {"a"}, "all of it is to be looked at"
    story.agent(AgentEndpointEnabled(at=AT))
    assert story.fold.due("a") == [WORK]
    story.task(STARTED)
    assert story.fold.due("a") == []
    with pytest.raises(ValueError, match="end of a snapshot"):
        at_once(Webhooks.restore(pieces[:-1]))
