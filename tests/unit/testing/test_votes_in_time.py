"""Governance in memory, on a clock that is moved: from a proposal to its payment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from aia.testing import InMemoryMas

ECONOMIC = "/mas/api/v1/economic"
PROPOSALS = f"{ECONOMIC}/governance/proposals"


@pytest.fixture
async def http(mas: InMemoryMas) -> AsyncIterator[httpx.AsyncClient]:
    """A client; ann and bob have the same at stake."""
    async with httpx.AsyncClient(base_url="http://localhost", transport=mas.transport()) as client:
        for name in ("ann", "bob"):
            await done(client.post(f"{ECONOMIC}/agents/{name}/register", json={"amount": "400"}))
            await done(client.post(f"{ECONOMIC}/agents/{name}/stake", json={"amount": "300"}))
        yield client


async def done(sending: Any) -> Any:
    answer = await sending
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def vote(http: httpx.AsyncClient, proposal_id: str, voter: str, choice: str) -> Any:
    body = {"voter": voter, "choice": choice}
    return await done(http.post(f"{PROPOSALS}/{proposal_id}/votes", json=body))


async def shown(mas: InMemoryMas, http: httpx.AsyncClient, proposal_id: str) -> Any:
    await mas.rest()
    return await done(http.get(f"{PROPOSALS}/{proposal_id}", params={"voter": "ann"}))


async def test_people_see_a_proposal_through_within_minutes(
    mas: InMemoryMas, http: httpx.AsyncClient
) -> None:
    body = {
        "title": "T",
        "kind": "treasury",
        "commands": [{"kind": "fund", "agent_id": "zoe", "amount": "5"}],
        "proposer": "ann",
        "proposal_id": "p1",
    }
    await done(http.post(PROPOSALS, json=body))
    await vote(http, "p1", "ann", "yes")
    proposal = await shown(mas, http, "p1")
    assert (proposal["status"], proposal["deposit"]) == ("active", "held")
    assert proposal["voting_power"] == {"voter": "ann", "own": "300", "delegated": "0"}

    await mas.advance(seconds=119)
    assert (await shown(mas, http, "p1"))["status"] == "active"
    await mas.advance(seconds=2)
    assert (await shown(mas, http, "p1"))["status"] == "queued"
    await mas.advance(seconds=11)
    proposal = await shown(mas, http, "p1")

    assert (proposal["status"], proposal["deposit"]) == ("executed", "refunded")
    assert (await done(http.get(f"{ECONOMIC}/accounts/wallet:AIA:zoe")))["balance"] == "5"
    # One AIA_GOV for each full hundred of power.
    earned = await done(http.get(f"{ECONOMIC}/accounts/wallet:AIA_GOV:ann"))
    assert earned["balance"] == "3"


async def test_lists_in_memory_are_those_of_the_database(
    mas: InMemoryMas, http: httpx.AsyncClient
) -> None:
    for number in range(5):
        body = {"title": "T", "proposer": "ann", "proposal_id": f"p{number}"}
        await done(http.post(PROPOSALS, json=body))
    await done(http.put(f"{ECONOMIC}/governance/delegations/bob", json={"to": "ann"}))
    for voter, choice in (("ann", "yes"), ("bob", "no")):
        await vote(http, "p2", voter, choice)
    await mas.rest()

    pages, cursor = [], None
    while True:
        query = {"limit": 2, "sort": "created_at"} | ({"cursor": cursor} if cursor else {})
        page = await done(http.get(PROPOSALS, params=query))
        pages.append([each["proposal_id"] for each in page["items"]])
        if (cursor := page["next_cursor"]) is None:
            break
    assert pages == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    votes = await done(http.get(f"{PROPOSALS}/p2/votes", params={"choice": "no", "total": True}))
    assert [(each["voter"], each["own"]) for each in votes["items"]] == [("bob", "300")]
    by_power = await done(http.get(f"{PROPOSALS}/p2/votes", params={"sort": "-power"}))
    assert len(by_power["items"]) == 2
    delegated = await done(http.get(f"{ECONOMIC}/governance/delegations"))
    assert [(each["agent_id"], each["to"]) for each in delegated["items"]] == [("bob", "ann")]
