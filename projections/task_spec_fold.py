"""How a submission becomes a row of the task board; such a row never changes."""

from __future__ import annotations

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.task_events import TaskSubmitted
from aia_mas.projections.task_details import RetryPolicy
from aia_mas.projections.task_rows import TaskSpecRow


def specified(_row: TaskSpecRow | None, recorded: RecordedEvent) -> TaskSpecRow:
    """Return the row of a task that was submitted."""
    event: TaskSubmitted = recorded.event
    spec = event.spec
    return TaskSpecRow(
        task_id=entity_of(recorded.stream),
        task_type=spec.task_type,
        description=spec.description,
        requirements=spec.requirements,
        payload=spec.payload,
        owner=event.owner,
        payer=spec.payer,
        cost_tags=spec.cost_tags,
        max_cost=None if spec.max_cost is None else str(spec.max_cost),
        cost_policy=spec.cost_policy,
        tags=spec.tags,
        parent=spec.parent,
        correlation=spec.correlation,
        dedup_key=spec.dedup_key,
        concurrency_key=spec.concurrency_key,
        concurrency_limit=spec.concurrency_limit,
        timeout_seconds=spec.timeout_seconds,
        max_attempts=spec.max_attempts,
        retry=RetryPolicy(
            spec.max_attempts,
            spec.backoff_base_seconds,
            spec.backoff_factor,
            spec.backoff_cap_seconds,
            spec.backoff_jitter,
            spec.non_retryable_codes,
        ),
        not_before=spec.not_before,
        submitted_at=event.submitted_at,
        submitted_position=recorded.position,
    )
