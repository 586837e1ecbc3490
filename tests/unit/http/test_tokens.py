"""Who a token stands for, and which tokens stand for nobody."""

import time
from datetime import datetime
from typing import Any

import jwt
import pytest

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel import Role
from aia_mas.interfaces.http.errors import InvalidToken, TokenExpired, Unauthenticated
from aia_mas.interfaces.http.security import Authenticator, authenticate, bearer_token

KEY = "k" * 32
SECURED = Settings(jwt_secret=KEY)
OPEN = Settings()


def token(key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    merged = {"sub": "alice", "roles": ["client"], "exp": time.time() + 86_400} | claims
    kept = {name: value for name, value in merged.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm)


def set_clocks(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    """Let it be another time for us and for the library."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(now, tz)

    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(jwt.api_jwt, "datetime", Then)


def test_a_token_gives_subject_and_roles() -> None:
    principal = authenticate(token(roles=["client", "auditor", "of_the_future"]), SECURED)

    assert principal.subject == "alice"
    assert principal.roles == {Role.CLIENT, Role.AUDITOR}
    assert principal.agent_id is None


def test_an_agent_s_token_acts_for_the_agent_of_its_subject() -> None:
    principal = authenticate(token(sub="a1", roles=["agent"]), SECURED)

    assert principal.agent_id == "a1"
    assert principal.may_act_for("a1")
    assert not principal.may_act_for("a2")


@pytest.mark.parametrize(
    "bad",
    [
        "not.a.token",
        "x" * 20_000,
        token(key="another key that is long enough!"),
        token(algorithm="HS512", key="l" * 64),
        jwt.encode({"sub": "alice", "roles": ["admin"], "exp": 2**40}, None, algorithm="none"),
        token(exp=None),
        token(sub=None),
        token(sub=""),
        token(sub="x" * 256),
        token(sub="line\nbreak"),
        token(sub="system:dispatcher"),
        token(roles="admin"),
        token(roles=None),
        token(sub="not an id", roles=["agent"]),
        token(sub="tasks", roles=["agent"]),
        token(nbf=time.time() + 3600),
        token(exp="tomorrow"),
        token(exp=10**400),
    ],
)
def test_what_is_no_valid_token_is_refused(bad: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        authenticate(bad, SECURED)
    assert caught.value.headers[0][0] == b"www-authenticate"


def test_an_expired_token_is_told_apart() -> None:
    with pytest.raises(TokenExpired):
        authenticate(token(exp=time.time() - 6), SECURED)


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_clock_of_the_issuer_may_be_a_little_ahead(claim: str) -> None:
    assert authenticate(token(**{claim: time.time() + 3}), SECURED).subject == "alice"
    with pytest.raises(InvalidToken):
        authenticate(token(**{claim: time.time() + 60}), SECURED)


def test_the_clock_of_the_issuer_may_be_a_little_behind() -> None:
    assert authenticate(token(exp=time.time() - 3), SECURED).subject == "alice"


def test_no_token_is_refused_where_there_are_keys() -> None:
    with pytest.raises(Unauthenticated) as caught:
        authenticate(None, SECURED)
    assert caught.value.headers == ((b"www-authenticate", b'Bearer realm="mas"'),)


def test_without_keys_everybody_is_admin_but_nobody_can_show_a_token() -> None:
    assert authenticate(None, OPEN).roles == {Role.ADMIN}
    with pytest.raises(InvalidToken):
        authenticate(token(), OPEN)


@pytest.mark.parametrize("header", [b"Basic abc", b"Bearer", b"Bearer  ", b"bearer \xff"])
def test_an_authorization_header_holds_a_bearer_token(header: bytes) -> None:
    with pytest.raises(InvalidToken):
        bearer_token(header)
    assert bearer_token(None) is None
    assert bearer_token(b"bEaReR abc") == "abc"


def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    authenticator = Authenticator(SECURED)
    ends = int(time.time()) + 600
    header = b"Bearer " + token(exp=ends).encode()
    remembered = authenticator.principal(header)

    set_clocks(monkeypatch, ends + 4.9)
    assert authenticator.principal(header) is remembered

    set_clocks(monkeypatch, ends + 5.1)
    with pytest.raises(TokenExpired):
        authenticator.principal(header)


def test_the_memory_of_tokens_is_bounded() -> None:
    authenticator = Authenticator(SECURED, capacity=3)
    for number in range(10):
        authenticator.principal(b"Bearer " + token(sub=f"user{number}").encode())

    assert len(authenticator._known) <= 3
