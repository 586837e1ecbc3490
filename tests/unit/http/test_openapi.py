"""The OpenAPI document is made once, and the same for all who ask."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from aia_mas.application.settings import Settings
from aia_mas.interfaces.http.app import openapi_of


def test_the_document_is_made_once_whoever_asks_first() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: openapi_of(Settings()), range(4)))

    assert all(each is made[0] for each in made)


@pytest.mark.parametrize("folders", [0, 1, 2])
def test_its_server_is_relative_to_where_it_was_read(folders: int) -> None:
    document = msgspec.json.decode(openapi_of(Settings())[folders])

    assert document["servers"] == [{"url": [".", "..", "../.."][folders]}]


def test_amounts_tell_their_form() -> None:
    schemas = msgspec.json.decode(openapi_of(Settings())[0])["components"]["schemas"]

    price = schemas["AgentRegistration"]["properties"]["cost_per_task"]
    limit = schemas["TaskSubmission"]["properties"]["max_cost"]
    change = schemas["AgentChange"]["properties"]["cost_per_task"]
    assert price["type"] == change["type"] == ["string", "number"]
    assert (price["default"], limit["default"]) == ("0", None)
    assert limit["type"] == ["string", "number", "null"]
    assert price["pattern"] == limit["pattern"]
    assert "default" not in change
