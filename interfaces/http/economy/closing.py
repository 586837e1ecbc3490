"""Adds up a month of an account for its closing, once every line of it is known."""

from __future__ import annotations

from aia_mas.domain.economy.errors import AccountNotFound
from aia_mas.domain.economy.statements import CloseMonth, Summing
from aia_mas.interfaces.http.queries import reached
from aia_mas.interfaces.http.requests import ApiRequest


async def closing_of(request: ApiRequest, account_id: str, month: str) -> CloseMonth:
    """Return the command that closes a month that is over.

    Raises:
        AccountNotFound: Nothing ever came into or went out of the account.
        ProjectionBehind: The read model does not come to the end of the log in time.
        EventLogError: That end cannot be asked for.
    """
    system = request.system
    # What other nodes wrote counts, too, whether or not this one has heard of it.
    head = await system.log.head()
    await reached(request, "ledger", head.position)
    ledger = system.projections.ledger
    found, _ = await ledger.account(account_id)
    if found is None:
        raise AccountNotFound(account_id=account_id)
    view = await ledger.month(account_id, month)
    sums = Summing(account_id, month, view.opening, view.first_line)
    line = view.first_line
    while lines := await ledger.lines(account_id, line, view.last_line):
        sums.add(lines)
        line = lines[-1].line + 1
    return CloseMonth(account_id=account_id, month=month, figures=sums.figures)
