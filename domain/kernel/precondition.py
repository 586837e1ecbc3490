"""What a command may ask of the resource it is about, before anything is done (RFC 9110, 13.1)."""

from __future__ import annotations

import msgspec

from aia_mas.domain.kernel.errors import PreconditionFailed


class Precondition(msgspec.Struct, frozen=True):
    """A condition on a resource, compared where the command is decided and nowhere else.

    Attributes:
        revisions: One of these must be the current one; None: any. Empty: none ever is.
        exists: The resource must be there (True) or must not (False); None: either.
    """

    revisions: tuple[int, ...] | None = None
    exists: bool | None = None

    def unmet(self, current: int | None) -> PreconditionFailed | None:
        """Return the refusal when the condition does not hold.

        Args:
            current: The revision of the resource; None: there is no such resource.
        """
        if current is None:
            missing = self.exists is True or self.revisions is not None
            return PreconditionFailed("There is no such resource yet") if missing else None
        if self.exists is False:
            return PreconditionFailed("The resource is there already", revision=current)
        if self.revisions is not None and current not in self.revisions:
            return PreconditionFailed(revision=current)
        return None


UNCONDITIONAL = Precondition()
"""Nothing is asked for."""
