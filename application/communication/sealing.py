"""Payloads that only who has the key can read: encrypted on their way into the log, and back.

AES-256-GCM with a random nonce. What is authenticated beside the payload are the message's id and
its sender, so that a sealed payload cannot be put into another message. NIST SP 800-38D allows 2^32
messages under one key with such nonces.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from secrets import token_bytes
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec.structs import replace

from aia_mas.application.settings_messages import MessageKey
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.errors import MessageKeyUnknown, MessageSealBroken
from aia_mas.domain.communication.message_events import MessageSent, Sealed
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.topics import matches
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.bounds import check_json

UNREADABLE = (MessageKeyUnknown, MessageSealBroken)
"""Why a sealed payload cannot be read on this node, while another one may have the key."""
_NONCE = 12
"""Bytes."""
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.decode


class Sealing:
    """Seals payloads with the first of some keys, and opens them with any."""

    def __init__(
        self,
        keys: Sequence[MessageKey] = (),
        topics: Sequence[str] = (),
        *,
        draw: Callable[[int], bytes] = token_bytes,
    ) -> None:
        """Take the keys.

        Args:
            keys: The one that seals first, then those that were used before.
            topics: Patterns; payloads that go to these topics are sealed in any case.
            draw: Draws so many random bytes.
        """
        self._keys = {key.key_id: _Key(key) for key in keys}
        self._first = next(iter(self._keys.values()), None)
        self._topics = tuple(topics)
        self._draw = draw

    def seal(self, command: SendMessage, destinations: Iterable[Destination] = ()) -> SendMessage:
        """Return a message with its payload sealed, if that is wanted and possible.

        What cannot be sealed, as there is no key or the payload is no JSON, is returned as it
        came: it is refused when it is decided on.

        Args:
            command: The message; sealed already, it stays as it is.
            destinations: Where it goes, if it is known that that is not where it was sent.
        """
        if command.sealed is not None or not self._wanted(command, destinations):
            return command
        command = replace(command, encrypt=True)
        if self._first is None or not _is_json(command.payload):
            return command
        text = _encode(command.payload)
        about = _about(command.message_id, command.from_agent)
        return replace(
            command,
            payload=None,
            sealed=self._first.seal(text, about, self._draw(_NONCE)),
            size=len(text),
            fingerprints=tuple(key.fingerprint(text, about) for key in self._keys.values()),
        )

    def guards(self, digest: bytes) -> tuple[bytes, ...]:
        """Return what may be kept in place of a digest of what somebody sent.

        Against a plain digest a payload could be tried that is easily guessed. There is one for
        each key, that of the first key first, and none without keys.
        """
        return tuple(key.guard(digest) for key in self._keys.values())

    def opened(self, message_id: str, event: MessageSent) -> Any:
        """Return the payload of a message, whether it was sealed or not.

        Raises:
            MessageKeyUnknown: It was sealed with a key that is not among these.
            MessageSealBroken: The key of that name does not open it, or it was changed.
        """
        if event.sealed is None:
            return event.payload
        return self.open(message_id, event.from_agent, event.sealed)

    def open(self, message_id: str, from_agent: str, sealed: Sealed) -> Any:
        """Return what was sealed in a message of a sender; it raises as ``opened`` does."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise MessageKeyUnknown(
                f"the payload was encrypted with the key {sealed.key_id}, which is not known here",
                message_id=message_id,
                key_id=sealed.key_id,
            )
        try:
            return _decode(key.opened(sealed, _about(message_id, from_agent)))
        except (InvalidTag, ValueError):
            # ValueError: what should be base64 is none, or the nonce is too short.
            raise MessageSealBroken(message_id=message_id, key_id=sealed.key_id) from None

    def _wanted(self, command: SendMessage, destinations: Iterable[Destination]) -> bool:
        if command.encrypt or not self._topics:
            return command.encrypt
        topics = {to.topic for to in (command.to, *destinations) if to.topic is not None}
        return any(matches(pattern, topic) for pattern in self._topics for topic in topics)


class _Key:
    """A key, and what is derived from it (RFC 5869): no key serves two purposes."""

    __slots__ = ("_cipher", "_guard", "_key_id", "_mac")

    def __init__(self, key: MessageKey) -> None:
        self._key_id = key.key_id
        self._cipher = AESGCM(_derived(key.secret, b"payload"))
        self._mac = _derived(key.secret, b"fingerprint")
        self._guard = _derived(key.secret, b"request")

    def seal(self, text: bytes, about: bytes, nonce: bytes) -> Sealed:
        sealed = self._cipher.encrypt(nonce, text, about)
        return Sealed(
            key_id=self._key_id, nonce=b64encode(nonce).decode(), text=b64encode(sealed).decode()
        )

    def opened(self, sealed: Sealed, about: bytes) -> bytes:
        nonce, text = (b64decode(each, validate=True) for each in (sealed.nonce, sealed.text))
        return self._cipher.decrypt(nonce, text, about)

    def fingerprint(self, text: bytes, about: bytes) -> str:
        return hmac.digest(self._mac, about + text, "sha256").hex()

    def guard(self, digest: bytes) -> bytes:
        return hmac.digest(self._guard, digest, "sha256")


def _derived(secret: bytes, purpose: bytes) -> bytes:
    info = b"aia-mas message " + purpose
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def _about(message_id: str, from_agent: str) -> bytes:
    """Return what a payload belongs to; neither of the two can hold a line's end."""
    return f"{message_id}\n{from_agent}\n".encode()


def _is_json(payload: Any) -> bool:
    try:
        check_json(payload, "payload")
    except InvalidValue:
        return False
    return True
