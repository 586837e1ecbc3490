"""Why incentive programs refuse; the docstring is the message."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import DomainError, InvalidValue, NotFound


class ProgramNotFound(NotFound):
    """There is no such incentive program."""

    code = "incentive_not_found"


class ProgramExists(DomainError):
    """There is an incentive program of this id."""

    code = "incentive_exists"


class ProgramIsOver(DomainError):
    """The incentive program is over."""

    code = "incentive_closed"


class ProgramRunning(DomainError):
    """The incentive program is not over."""

    code = "incentive_running"


class OverBudget(DomainError):
    """An incentive program pays no more than its budget."""

    code = "incentive_over_budget"


class InvalidProgram(InvalidValue):
    """The terms of the incentive program do not go together, or are out of bounds."""

    code = "invalid_incentive"
