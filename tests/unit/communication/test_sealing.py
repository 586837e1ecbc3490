"""Payloads are sealed for who has the key, and for nobody else."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aia_mas.application.communication.sealing import Sealing
from aia_mas.application.settings_messages import MessageKey
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.errors import (
    EncryptionUnavailable,
    MessageExists,
    MessageKeyUnknown,
    MessageSealBroken,
    PayloadTooLarge,
)
from aia_mas.domain.communication.message import MessageState
from aia_mas.domain.communication.message_events import MessageSent, Sealed
from aia_mas.domain.communication.sending import SendMessage, send_message
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import Context, Decision, Principal
from aia_mas.domain.orchestration.errors import InvalidText

OLD = MessageKey("old", b"o" * 32)
NEW = MessageKey("new", b"n" * 32)
TERMS = MessageTerms()
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # What cannot be stored is refused, sealed or not; see below.
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcdef", max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


def message(payload: Any = None, **fields: Any) -> SendMessage:
    known: dict[str, Any] = {
        "message_id": "0190a0b0-0000-7000-8000-000000000001",
        "from_agent": "ann",
        "to": Destination(agents=("ben",)),
        "message_type": "note",
        "encrypt": True,
    }
    return SendMessage(**(known | {"payload": payload} | fields))


def decided(command: SendMessage, state: MessageState | None = None) -> Decision:
    context = Context(datetime(2026, 1, 1, tzinfo=UTC), 0, Principal(subject="host"))
    return send_message(state, command, context, terms=TERMS)


def sent(command: SendMessage) -> MessageSent:
    decision = decided(command)
    assert decision.refusal is None, decision.refusal
    ((_, event),) = decision.events
    assert isinstance(event, MessageSent)
    return event


@given(JSON)
def test_what_was_sealed_is_what_is_opened(payload: Any) -> None:
    sealing = Sealing([NEW, OLD])
    event = sent(sealing.seal(message(payload)))
    assert event.payload is None
    assert event.sealed is not None
    assert event.sealed.key_id == "new"
    assert sealing.opened(message().message_id, event) == payload


def test_nothing_of_it_can_be_read_nor_compared() -> None:
    sealing = Sealing([NEW])
    payload = {"password": "mellon-mellon-mellon"}
    once, twice = (sealing.seal(message(payload)) for _ in range(2))
    other = sealing.seal(message(payload, message_id="0190a0b0-0000-7000-8000-000000000002"))
    texts = []
    for command in (once, twice, other):
        assert command.sealed is not None
        texts.append(b64decode(command.sealed.text))
        assert b"mellon" not in texts[-1]
    # The same payload looks different each time, and its fingerprint belongs to its message.
    assert len(set(texts)) == 3
    assert once.fingerprints == twice.fingerprints != other.fingerprints
    assert once.size == len(b'{"password":"mellon-mellon-mellon"}')


def test_a_key_of_before_opens_what_it_sealed_and_seals_nothing_more() -> None:
    event = sent(Sealing([OLD]).seal(message({"a": 1})))
    rotated = Sealing([NEW, OLD])
    assert rotated.opened(message().message_id, event) == {"a": 1}
    sealed = rotated.seal(message({"a": 1})).sealed
    assert sealed is not None
    assert sealed.key_id == "new"


@pytest.mark.parametrize("keys", [[], [NEW]], ids=["no key", "another key"])
def test_without_the_key_it_says_which_one_is_missing(keys: list[MessageKey]) -> None:
    event = sent(Sealing([OLD]).seal(message(1)))
    with pytest.raises(MessageKeyUnknown) as refused:
        Sealing(keys).opened(message().message_id, event)
    assert refused.value.facts["key_id"] == "old"
    assert refused.value.code == "message_key_unknown"


def test_whatever_was_changed_is_not_opened() -> None:
    sealing = Sealing([OLD])
    event = sent(sealing.seal(message("secret")))
    seal = event.sealed
    assert seal is not None
    text = bytearray(b64decode(seal.text))
    text[0] ^= 1
    changed = [
        (message().message_id, replace(event, from_agent="eve")),
        ("0190a0b0-0000-7000-8000-000000000002", event),
        (message().message_id, _with(event, text=b64encode(text).decode())),
        (message().message_id, _with(event, nonce=b64encode(b"n" * 12).decode())),
        (message().message_id, _with(event, nonce="AAAA")),
        (message().message_id, _with(event, text="no base64!")),
        (message().message_id, _with(event, text="")),
    ]
    for message_id, each in changed:
        with pytest.raises(MessageSealBroken):
            sealing.opened(message_id, each)
    with pytest.raises(MessageSealBroken):
        Sealing([MessageKey("old", b"another key of that name: no use")]).opened(
            message().message_id, event
        )


def _with(event: MessageSent, **fields: str) -> MessageSent:
    assert isinstance(event.sealed, Sealed)
    return replace(event, sealed=replace(event.sealed, **fields))


def test_the_same_message_again_is_recognised_also_after_a_rotation() -> None:
    first = Sealing([OLD]).seal(message({"a": [1, 2]}))
    state = MessageState(sent=sent(first), dead={})
    for keys in ([OLD], [NEW, OLD]):
        again = decided(Sealing(keys).seal(message({"a": [1, 2]})), state)
        assert (again.refusal, list(again.events)) == (None, [])
    for other in (
        Sealing([OLD]).seal(message({"a": [2, 1]})),
        Sealing([NEW]).seal(message({"a": [1, 2]})),
        message({"a": [1, 2]}, encrypt=False),
    ):
        assert isinstance(decided(other, state).refusal, MessageExists)


def test_topics_are_sealed_whether_the_sender_asks_for_it_or_not() -> None:
    sealing = Sealing([NEW], ["hr.>", "payroll"])

    def is_sealed(*copies: Destination, **fields: Any) -> bool:
        return sealing.seal(message(1, encrypt=False, **fields), copies).sealed is not None

    assert is_sealed(to=Destination(topic="hr.leave.ann"))
    assert is_sealed(to=Destination(topic="payroll"))
    assert not is_sealed(to=Destination(topic="payroll.may"))
    assert not is_sealed()
    # A rule sends it there, or a copy of it.
    assert is_sealed(Destination(agents=("ben",)), Destination(topic="hr.x"))


def test_what_cannot_be_sealed_is_refused_and_never_sent_as_it_is() -> None:
    nobody = Sealing([])
    assert isinstance(decided(nobody.seal(message(1))).refusal, EncryptionUnavailable)
    sealing = Sealing([NEW])
    assert isinstance(decided(sealing.seal(message("\0"))).refusal, InvalidText)
    assert isinstance(decided(sealing.seal(message("x" * 70_000))).refusal, PayloadTooLarge)


def test_who_wants_no_encryption_pays_for_none() -> None:
    command = message(1, encrypt=False)
    assert Sealing([NEW], ["hr.>"]).seal(command) is command
    sealed = Sealing([NEW]).seal(message(1))
    assert Sealing([NEW]).seal(sealed) is sealed
