"""The nodes of one program."""

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from aia.agents import running
from aia.agents.multi_agent_system import MultiAgentSystem
from aia_mas.application.settings import Settings
from aia_mas.domain.orchestration.scoring.policies import SCORED, Policy

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


async def test_components_share_a_node_only_with_the_same_policies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(database_url="postgresql://db.example/mas")
    here = replace(settings, data_dir=settings.data_dir.resolve())
    there = SimpleNamespace(alive=True, settings=here, policies=())
    monkeypatch.setitem(running._nodes, "postgresql://db.example/mas", there)

    with pytest.raises(RuntimeError, match="other settings or policies"):
        await running.join(settings, (Policy("mine", SCORED.choose),))


def test_two_policies_of_one_name_are_refused_before_anything_starts() -> None:
    with pytest.raises(ValueError, match="'scored'"):
        MultiAgentSystem(policies=[SCORED])
