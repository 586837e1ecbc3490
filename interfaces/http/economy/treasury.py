"""The treasury over HTTP: what there is of each token, and orders to change that."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import JSONBody

from aia_mas.application.economy.order_desk import Order
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.orders import ordered
from aia_mas.interfaces.http.queries import MinPosition, logged
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.treasury import (
    Funding,
    SupplyChange,
    TreasuryView,
    shown_supply,
    system_accounts,
)


class Treasury(Controller):
    """The supply of tokens, in the hands of treasurers."""

    path = f"{ECONOMIC}/treasury"
    tags = ("economy",)

    @get("/", operation_id="get_treasury")
    async def get_treasury(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[TreasuryView]:
        """Return the supply of each token, its cap, and what is in the accounts of the system."""
        await logged(request, min_position)
        system, standing = request.system, request.system.economy.standing
        supply = (await standing.parameters()).parameters.supply
        tokens = []
        for terms in supply.tokens:
            ids = system_accounts(terms.token)
            states = await standing.accounts(ids.values())
            balances = {purpose: states[each].balance for purpose, each in ids.items()}
            tokens.append(shown_supply(terms, balances))
        content = TreasuryView(
            treasury_address=system.settings.treasury_address,
            gov_token_address=system.settings.gov_token_address,
            faucet=supply.faucet,
            tokens=tokens,
        )
        return answer(content)

    @post("/mint", operation_id="mint_tokens", status_code=200)
    async def mint(self, data: JSONBody[SupplyChange], request: ApiRequest) -> Answer[Order]:
        """Bring tokens into the world, for the treasury; never more than the cap allows.

        It is an order: 200 when it was carried out, 202 when that takes longer than a few seconds.
        """
        return await ordered(request, data.mint())

    @post("/burn", operation_id="burn_tokens", status_code=200)
    async def burn(self, data: JSONBody[SupplyChange], request: ApiRequest) -> Answer[Order]:
        """Take tokens of the treasury out of the world for good; an order, see `mint`."""
        return await ordered(request, data.burn())

    @post("/fund", operation_id="fund_account", status_code=200)
    async def fund(self, data: JSONBody[Funding], request: ApiRequest) -> Answer[Order]:
        """Give tokens of the treasury to an agent's wallet, an account or a pool; an order.

        Whose wallet it is need not be registered yet: it finds the grant when it comes, and may
        stake it with its registration.
        """
        return await ordered(request, data.order())
