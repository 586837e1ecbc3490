"""The nodes of one program."""

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from aia.agents import running
from aia_mas.application.settings import Settings

pytestmark = pytest.mark.anyio

SECRET = "s3cr3t-of-the-database"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://mas:{SECRET}@db.example/mas",
        f"postgresql://db.example/mas?user=mas&password={SECRET}",
        f"host=db.example dbname=mas user=mas password={SECRET} sslpassword={SECRET}",
    ],
)
async def test_a_refusal_names_the_database_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    settings = Settings(database_url=url)
    there = SimpleNamespace(alive=True, settings=replace(settings, port=1))
    monkeypatch.setitem(running._nodes, url, there)

    with pytest.raises(RuntimeError, match="other settings") as caught:
        await running.join(settings)

    assert "db.example" in str(caught.value)
    assert SECRET not in repr(caught.value)
