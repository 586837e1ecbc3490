"""What is said about revoked tokens."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.access.revocations import LONGEST_NAME, Revocation, RevokeTokens
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.interfaces.http.schemas.values import Moment, moment

_Name = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_NAME})]
_Reason = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 1_000})]


class RevocationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tokens are refused from now on: those of a subject, or one by its id.

    Attributes:
        subject: The `sub` of the tokens.
        token_id: The `jti` of the token.
        issued_before: With a subject: tokens issued (`iat`) before this are refused, and those that
            do not say when; now, when left out. RFC 3339, not in the future.
        expires_at: When the last of these tokens ends by itself, if that is known: the revocation
            ends then, too. RFC 3339.
        reason: Why, for the record.
    """

    subject: _Name | None = None
    token_id: _Name | None = None
    issued_before: Moment | None = None
    expires_at: Moment | None = None
    reason: _Reason = ""

    def command(self) -> RevokeTokens:
        """Return the command.

        Raises:
            InvalidValue: A time is none of ours.
        """
        mistakes = Mistakes()
        issued_before = mistakes.check(moment, self.issued_before, "issued_before")
        expires_at = mistakes.check(moment, self.expires_at, "expires_at")
        mistakes.refuse()
        return RevokeTokens(
            subject=self.subject,
            token_id=self.token_id,
            issued_before=issued_before,
            expires_at=expires_at,
            reason=self.reason,
        )


class RevocationPage(msgspec.Struct, frozen=True, kw_only=True):
    """Revocations in force (``next_cursor``: for the next page; ``total``: when asked for)."""

    items: list[Revocation]
    next_cursor: str | None
    total: int | UnsetType = UNSET
