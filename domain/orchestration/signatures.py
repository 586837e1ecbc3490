"""The demands of the tasks that are known: equal ones are one object."""

from __future__ import annotations

from weakref import WeakValueDictionary

from aia_mas.domain.orchestration.requirement import RequirementSignature, signature_of
from aia_mas.domain.orchestration.task_specification import TaskSpecification, TaskTerms


class Signatures:
    """The signatures in use; they are many, and compared often."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: WeakValueDictionary[RequirementSignature, RequirementSignature]
        self._known = WeakValueDictionary()

    def of(self, spec: TaskSpecification | TaskTerms) -> RequirementSignature:
        """Return what a task asks for."""
        return self.one(signature_of(spec.task_type, spec.requirements, spec.max_cost))

    def one(self, signature: RequirementSignature) -> RequirementSignature:
        """Return the object that stands for all equal ones."""
        return self._known.setdefault(signature, signature)
