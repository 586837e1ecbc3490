"""Nothing that is printed or raised holds a password."""

import psycopg
import pytest

from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.banner import banner
from aia_mas.interfaces.cli.checks import services
from aia_mas.interfaces.cli.failures import explain

SECRET = "s3cr3t-of-the-database"
NOWHERE = "127.0.0.1:1"
URLS = [
    f"postgresql://mas:{SECRET}@{NOWHERE}/mas",
    f"postgresql://{NOWHERE}/mas?user=mas&password={SECRET}",
    f"host=127.0.0.1 port=1 dbname=mas user=mas password={SECRET}",
]


@pytest.mark.parametrize("url", URLS)
def test_what_the_start_prints(url: str) -> None:
    settings = Settings(database_url=url, jwt_secret=SECRET * 2)
    (line,) = [line for line in banner(settings, ["http://here:8000"], []) if "Data" in line]

    assert "127.0.0.1" in line
    assert SECRET not in "".join(banner(settings, ["http://here:8000"], []))


@pytest.mark.parametrize("url", URLS)
def test_what_the_doctor_finds(url: str) -> None:
    finding = services.database(Settings(database_url=url))

    assert "port=1" in repr(finding)
    assert SECRET not in repr(finding)


@pytest.mark.parametrize("url", URLS)
def test_a_database_that_cannot_be_reached(url: str) -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(url, connect_timeout=5)

    assert "127.0.0.1" in explain(caught.value).message
    assert SECRET not in repr(explain(caught.value))


def test_a_redis_that_cannot_be_reached() -> None:
    finding = services.redis(Settings(redis_url=f"redis://:{SECRET}@{NOWHERE}/0"))

    assert SECRET not in repr(finding)
