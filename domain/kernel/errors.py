"""Domain errors: classes with a stable ``code``, whose docstring is the message."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, ClassVar


class DomainError(Exception):
    """The command was refused."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str | None = None, **facts: Any) -> None:
        """Keep what a client needs to act on the refusal.

        Args:
            detail: One sentence about this occurrence; the class docstring when left out.
            **facts: JSON-compatible values that stand in the problem document beside the code.
        """
        self.title = cleandoc(type(self).__doc__ or type(self).__name__).splitlines()[0]
        self.detail = detail or self.title
        self.facts = facts
        super().__init__(self.detail)


class NotFound(DomainError):
    """The resource does not exist."""

    code = "not_found"


class Conflict(DomainError):
    """The command was decided again and again and lost the race each time; try again."""

    code = "conflict"


class InvalidValue(DomainError):
    """A value is not allowed here.

    Attributes:
        field: Which one, see ``__init__``.
        others: Further values of the same command that are not allowed (see ``mistakes``).
    """

    code = "invalid_value"
    others: tuple[InvalidValue, ...] = ()

    def __init__(self, detail: str | None = None, *, field: str = "", **facts: Any) -> None:
        """Name the offending field.

        Args:
            detail: See ``DomainError``.
            field: Its dotted path, numbers from 0 for entries of lists: ``requirements.skills``,
                ``specializations.1`` (see ``places``).
            **facts: See ``DomainError``.
        """
        super().__init__(detail, **facts)
        self.field = field

    @property
    def all(self) -> tuple[InvalidValue, ...]:
        """It and the others."""
        return (self, *self.others)


class PermissionDenied(DomainError):
    """The caller may not do this."""

    code = "permission_denied"


class TooMuch(DomainError):
    """There is too much to do already; try again later.

    Unlike other refusals it is not kept under an idempotency key.

    Attributes:
        retry_after: When it may be worth another try, whole seconds.
    """

    code = "too_much"

    def __init__(self, detail: str | None = None, *, retry_after: int = 1, **facts: Any) -> None:
        """Say when to try again; the others: see ``DomainError``."""
        super().__init__(detail, **facts)
        self.retry_after = retry_after


class PreconditionFailed(DomainError):
    """The resource has changed since the revision named by If-Match."""

    code = "precondition_failed"
