"""Revoked tokens over HTTP."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import UNSET

from aia_mas.domain.access.revocations import Revocation, key_of
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import Cursor, Cursors, Limit, MinPosition, Total, logged
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.revocations import RevocationPage, RevocationRequest


class TokenRevocations(Controller):
    """Tokens that are refused before they expire."""

    path = f"{API}/security/revocations"
    tags = ("security",)

    @post("/", operation_id="revoke_tokens", status_code=200)
    async def revoke_tokens(
        self, request: ApiRequest, data: JSONBody[RevocationRequest]
    ) -> Answer[Revocation]:
        """Refuse all tokens of a subject that were issued until now, or one token by its id.

        Requests with them are 401 `token_revoked` from the answer on (on other nodes once they have
        heard of it, mostly within milliseconds); their sockets and streams are closed with 4001.
        """
        return answered(await carry_out(request, data.command()))

    @get("/", operation_id="list_revocations")
    async def list_revocations(
        self,
        request: ApiRequest,
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[RevocationPage]:
        """List the revocations in force; those whose tokens have all ended are gone."""
        await logged(request, min_position)
        cursors = Cursors(request, [])
        last = cursors.open(cursor)
        all_of_them = request.system.access.revocations.in_force()
        found = [one for one in all_of_them if last is None or _key(one) > last]
        items = found[:limit]
        following = _key(items[-1]) if len(found) > limit else None
        content = RevocationPage(
            items=items,
            next_cursor=cursors.seal(following),
            total=len(all_of_them) if total else UNSET,
        )
        return answer(content)


def _key(revocation: Revocation) -> str:
    return key_of(revocation.subject, revocation.token_id)
