"""Keys of messages as a setting: what is taken, what is refused, and that none of it is shown."""

from base64 import b64encode
from typing import Any

import pytest

from aia_mas.application.settings_messages import MessageKey

from .loading import load, refusal

OLD, NEW = (b64encode(letter * 32).decode() for letter in (b"o", b"n"))


def test_keys_are_a_text_in_the_environment_and_a_list_in_the_file() -> None:
    wanted = (MessageKey("2027", b"n" * 32), MessageKey("old.1", b"o" * 32))
    text = f"2027:{NEW}, old.1:{OLD}"
    assert load({"MAS_MESSAGE_KEYS": text}).message_keys == wanted
    listed = {"communication": {"message_keys": [f"2027:{NEW}", f"old.1:{OLD}"]}}
    assert load(config=listed).message_keys == wanted
    assert load().message_keys == ()


def test_keys_are_never_shown() -> None:
    settings = load({"MAS_MESSAGE_KEYS": f"2027:{NEW}"})
    for shown in (repr(settings), str(settings.message_keys)):
        assert NEW not in shown
        assert "nnn" not in shown
    assert "2027" in str(settings.message_keys)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (NEW, "key 1 must have a name"),
        (f"a:{NEW},b b:{OLD}", "key 2 must have a name"),
        ("a:c2hvcnQ=", "the key a must be 32 bytes"),
        ("a:no base64", "the key a must be 32 bytes"),
        (f"a:{NEW},a:{OLD}", "each name once"),
        (7, "must be keys"),
        ([1], "must be keys"),
    ],
)
def test_bad_keys_stop_the_start_and_are_not_repeated(raw: Any, words: str) -> None:
    refused = str(refusal(config={"communication": {"message_keys": raw}}))
    assert words in refused
    assert NEW not in refused
    assert OLD not in refused


def test_topics_that_are_encrypted_are_patterns_and_need_a_key() -> None:
    topics = {"MAS_MESSAGE_ENCRYPTED_TOPICS": "hr.>, payroll.*"}
    keys = {"MAS_MESSAGE_KEYS": f"k:{NEW}"}
    assert load(topics | keys).message_encrypted_topics == ("hr.>", "payroll.*")
    assert refusal(topics).key == "MAS_MESSAGE_ENCRYPTED_TOPICS"
    assert "hr.>" in str(refusal({"MAS_MESSAGE_ENCRYPTED_TOPICS": "hr.>.x"} | keys))
