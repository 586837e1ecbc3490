"""Why a command about agents or tasks is refused; the docstring is the message."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import Conflict, DomainError, InvalidValue, NotFound, TooMuch


class InvalidText(InvalidValue):
    """A text is too long, too short, or holds a character that cannot be stored (NUL)."""

    code = "invalid_text"


class InvalidSkillLevel(InvalidValue):
    """A skill level is a number from 0 to 1."""

    code = "invalid_skill_level"


class InvalidLabelComparator(InvalidValue):
    """A label's comparator does not take this operand; >, >=, < and <= take numbers."""

    code = "invalid_label_comparator"


class InvalidResourceAmount(InvalidValue):
    """An amount of a resource is a number from 0 to 10^12."""

    code = "invalid_resource_amount"


class InvalidEndpoint(InvalidValue):
    """An endpoint is a URL with http or https and a host."""

    code = "invalid_endpoint"


class EndpointNotAllowed(InvalidValue):
    """An endpoint is called over https at a public address, unless others are allowed."""

    code = "endpoint_not_allowed"


class NoEndpoint(DomainError):
    """The agent declares no endpoint."""

    code = "no_endpoint"


class InvalidLeaseSeconds(InvalidValue):
    """A lease lasts from a second to a day."""

    code = "invalid_lease_seconds"


class DeadlinePassed(InvalidValue):
    """A deadline leaves time."""

    code = "deadline_passed"


class InvalidRetryPolicy(InvalidValue):
    """A policy of retries ends, and its waits are within bounds."""

    code = "invalid_retry_policy"


class InvalidBatchSize(InvalidValue):
    """A batch is not empty and has not too many items."""

    code = "invalid_batch_size"


class AgentNotFound(NotFound):
    """No agent is registered under this id."""

    code = "agent_not_found"


class AgentIsSuspended(DomainError):
    """The agent is suspended: it gets no work until it is activated."""

    code = "agent_suspended"


class AgentAlreadyRegistered(DomainError):
    """An agent is already registered under this id."""

    code = "agent_already_registered"


class MaxAgentsReached(DomainError):
    """The engine holds as many agents as its configuration allows."""

    code = "max_agents_reached"


class TaskNotFound(NotFound):
    """No task was submitted under this id."""

    code = "task_not_found"


class TaskAlreadySubmitted(DomainError):
    """A task was already submitted under this id."""

    code = "task_already_submitted"


class AssignmentObsolete(Conflict):
    """The task or the agent has moved on since this assignment was decided."""

    code = "assignment_obsolete"


class NotAssignedToAgent(DomainError):
    """The task is not assigned to this agent."""

    code = "not_assigned_to_agent"


class StaleLease(DomainError):
    """The lease belongs to an attempt that is over; its result changes nothing."""

    code = "stale_lease"


class TaskHasBeenCancelled(DomainError):
    """The task was cancelled while the agent worked on it; its result changes nothing."""

    code = "task_cancelled"


class CostExceeded(DomainError):
    """The result cost more than the task may; by the task's cost_policy it is not taken."""

    code = "cost_exceeded"


class InputPending(DomainError):
    """Another question of the task waits for its answer."""

    code = "input_pending"


class InputNotAwaited(DomainError):
    """The task does not wait for this answer."""

    code = "input_not_awaited"


class InvalidSchema(InvalidValue):
    """The schema of an answer is no JSON Schema, or one that this system does not take."""

    code = "invalid_schema"


class AnswerMismatch(InvalidValue):
    """The answer does not fit the schema of its question."""

    code = "answer_mismatch"


class TooManyQuestions(DomainError):
    """The task has asked as many questions as one may."""

    code = "too_many_questions"


class TaskNotCompleted(DomainError):
    """Only a completed task can be rated."""

    code = "task_not_completed"


class AlreadyRated(DomainError):
    """The result was already rated."""

    code = "already_rated"


class TaskNotHeld(DomainError):
    """No agent holds the task."""

    code = "task_not_held"


class TaskAlreadyCompleted(DomainError):
    """The task was already completed with this lease."""

    code = "task_already_completed"


class TaskAlreadyFinished(DomainError):
    """The task has already finished."""

    code = "task_already_finished"


class TaskNotFinished(DomainError):
    """Only a task that failed, died, expired or was cancelled can be tried again."""

    code = "task_not_finished"


class InvalidWeights(InvalidValue):
    """The weights of features are numbers from 0 to 1 that add up to 1; stake has at most 0.1."""

    code = "invalid_weights"


class UnknownPolicy(InvalidValue):
    """No policy of assignment is registered under this name."""

    code = "unknown_policy"


class UnknownTier(InvalidValue):
    """No staking tier is configured under this name."""

    code = "unknown_tier"


class TooManyPauses(DomainError):
    """As many task types are paused as may be at once."""

    code = "too_many_pauses"


class QueueFull(TooMuch):
    """As many tasks wait as may; the header Retry-After tells when to try again."""

    code = "queue_full"
