"""Hosts and origins: what a page of another site can make a browser send."""

import pytest

from aia_mas.application.settings import Settings
from aia_mas.interfaces.http.errors import HostNotAllowed, OriginNotAllowed
from aia_mas.interfaces.http.security import Origins

DEVELOPMENT = Origins(Settings())
SECURED = Origins(Settings(jwt_secret="k" * 32))
HOST = b"127.0.0.1:8000"


@pytest.mark.parametrize(
    "host", [b"localhost", b"localhost:8000", b"127.0.0.1:80", b"[::1]:8000", b"mas.localhost:1"]
)
def test_development_mode_serves_this_machine(host: bytes) -> None:
    DEVELOPMENT.admit("POST", {b"host": host})


@pytest.mark.parametrize(
    "host", [b"evil.example", b"evil.example:8000", b"127.0.0.1.evil.example", b"localhost@x", b""]
)
@pytest.mark.parametrize("method", ["GET", "POST", "WEBSOCKET"])
def test_a_name_that_was_rebound_to_loopback_is_refused(host: bytes, method: str) -> None:
    with pytest.raises(HostNotAllowed):
        DEVELOPMENT.admit(method, {b"host": host})
    SECURED.admit(method, {b"host": host})


@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"http://localhost.evil.io"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "WEBSOCKET"])
def test_a_foreign_page_changes_nothing_in_development_mode(method: str, origin: bytes) -> None:
    with pytest.raises(OriginNotAllowed):
        DEVELOPMENT.admit(method, {b"host": HOST, b"origin": origin})
    SECURED.admit(method, {b"host": HOST, b"origin": origin})


@pytest.mark.parametrize("origin", [b"http://127.0.0.1:8000", b"http://localhost:3000"])
def test_pages_of_this_machine_may(origin: bytes) -> None:
    DEVELOPMENT.admit("POST", {b"host": HOST, b"origin": origin})
    assert DEVELOPMENT.allows(origin)


def test_with_keys_no_origin_is_allowed_unless_it_is_listed() -> None:
    listed = Origins(Settings(jwt_secret="k" * 32, cors_origins=("https://app.example",)))

    assert not SECURED.allows(b"http://localhost:3000")
    assert listed.allows(b"https://app.example")
    assert not listed.allows(b"https://app.example.evil.io")
    assert Origins(Settings(jwt_secret="k" * 32, cors_origins=("*",))).allows(b"https://any.io")


def test_listing_origins_in_development_mode_lists_all_of_them() -> None:
    listed = Origins(Settings(cors_origins=("https://app.example",)))

    listed.admit("POST", {b"host": HOST, b"origin": b"https://app.example"})
    assert not listed.allows(b"http://localhost:3000")


def test_a_star_lets_everybody_read_but_nobody_change_what_needs_no_token() -> None:
    star = Origins(Settings(cors_origins=("*",)))

    assert star.allows(b"https://any.example")
    with pytest.raises(OriginNotAllowed):
        star.admit("POST", {b"host": HOST, b"origin": b"https://any.example"})


@pytest.mark.parametrize(
    ("settings", "varies"),
    [
        (Settings(), True),
        (Settings(cors_origins=("https://app.example",), jwt_secret="k" * 32), True),
        (Settings(cors_origins=("*",), jwt_secret="k" * 32), True),
        (Settings(cors_origins=(), jwt_secret="k" * 32), False),
        (Settings(jwt_secret="k" * 32), False),
    ],
)
def test_an_answer_to_nobody_in_particular_is_not_kept_for_a_page(
    settings: Settings, varies: bool
) -> None:
    assert Origins(settings).headers(None) == ([(b"vary", b"Origin")] if varies else [])


def test_answers_to_pages_carry_cors_headers_and_vary() -> None:
    allowed = dict(DEVELOPMENT.headers(b"http://localhost:3000"))
    foreign = dict(DEVELOPMENT.headers(b"https://evil.example"))

    assert allowed[b"access-control-allow-origin"] == b"http://localhost:3000"
    assert allowed[b"vary"] == foreign[b"vary"] == b"Origin"
    assert b"access-control-allow-origin" not in foreign
    assert b"access-control-allow-methods" in dict(DEVELOPMENT.preflight(b"http://localhost:3000"))
    with pytest.raises(OriginNotAllowed):
        DEVELOPMENT.preflight(b"https://evil.example")
