"""Signatures after the Standard Webhooks specification."""

import base64

from aia_mas.application.webhooks.signing import derived_key, secret_text, signature

# From the specification's own examples; computed anew with `openssl dgst -sha256 -mac HMAC`.
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_known_message_has_its_known_signature() -> None:
    key = base64.b64decode(SECRET)
    body = b'{"test": 2432232314}'

    assert secret_text(key) == f"whsec_{SECRET}"
    assert signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == SIGNED


def test_two_secrets_make_two_signatures_the_newest_first() -> None:
    one, two = signature([b"1"], "i", 1, b"x"), signature([b"2"], "i", 1, b"x")

    assert signature([b"2", b"1"], "i", 1, b"x") == f"{two} {one}"
    assert one != two


def test_everything_that_is_signed_counts() -> None:
    signed = {
        signature([b"k"], webhook_id, timestamp, body)
        for webhook_id, timestamp, body in [
            ("i", 1, b"x"), ("j", 1, b"x"), ("i", 2, b"x"), ("i", 1, b"y"),
        ]
    }  # fmt: skip
    assert len(signed) == 4


def test_every_agent_and_every_number_has_a_secret_of_its_own() -> None:
    keys = {
        derived_key(master, agent_id, version)
        for master in (b"m", b"n")
        for agent_id in ("a", "a1", "b")
        for version in (1, 11)
    }
    assert len(keys) == 12
    assert {len(key) for key in keys} == {32}
