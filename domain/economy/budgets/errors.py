"""Why budgets refuse; the docstring is the message."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import DomainError, InvalidValue, NotFound


class BudgetNotFound(NotFound):
    """There is no such budget."""

    code = "budget_not_found"


class BudgetExists(DomainError):
    """There is a budget of this id."""

    code = "budget_exists"


class BudgetFixed(DomainError):
    """What a budget is about and its period stay as they are; delete it and make another one."""

    code = "budget_fixed"


class TooManyBudgets(DomainError):
    """There are as many budgets about this client, owner or tag as there can be."""

    code = "too_many_budgets"


class BudgetExhausted(DomainError):
    """A budget does not leave as much as the task may cost."""

    code = "budget_exhausted"


class InvalidBudget(InvalidValue):
    """A budget is above 0, and warns when more than none and at most all of it is used."""

    code = "invalid_budget"


class HoldInUse(DomainError):
    """The task that this was set aside for may still cost something."""

    code = "hold_in_use"
