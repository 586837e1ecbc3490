"""What callers see of encrypted messages, with the right key and without, and what is kept."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import httpx
import msgspec

from aia.testing import InMemoryMas
from aia_mas.application.communication.sealing import Sealing
from aia_mas.application.settings_messages import MessageKey
from aia_mas.domain.kernel import Principal, Role
from aia_mas.interfaces.realtime.acting import Envelope
from aia_mas.interfaces.realtime.frames import payloads
from aia_mas.interfaces.realtime.mail.desk import MailDesk

SECRET = "mellon"
API = "/mas/api/v1/communication"
MESSAGES = f"{API}/messages"
KEYS = f"k1:{b64encode(b'k' * 32).decode()}"
BODY = {
    "message_id": "01900000-0000-7000-8000-000000000001",
    "from_agent": "ann",
    "to_agent": "ben",
    "message_type": "note",
    "payload": {"word": SECRET},
}
NOTE = {"from_agent": "ann", "message_type": "note", "payload": SECRET}


async def test_it_is_readable_for_those_who_may_read_it_as_long_as_there_is_the_key(
    logs_as_they_were: None,
) -> None:
    config = {"communication": {"message_keys": KEYS, "encrypted_topics": ["hr.>"]}}
    async with InMemoryMas(seed=1, config=config) as mas:
        http = httpx.AsyncClient(base_url="http://localhost", transport=mas.transport())
        async with http:
            sent = await http.post(f"{MESSAGES}/send", json=BODY | {"encrypt": True})
            assert sent.status_code == 201, sent.text
            again = await http.post(f"{MESSAGES}/send", json=BODY | {"encrypt": True})
            assert again.status_code == 200
            other = await http.post(f"{MESSAGES}/send", json=BODY)
            assert other.status_code == 409
            to_topic = {"from_agent": "ann", "topic": "hr.leave", "message_type": "x", "payload": 1}
            topic = await http.post(f"{MESSAGES}/send", json=to_topic)
            assert topic.status_code == 201
            await mas.rest()

            assert not any(SECRET in repr(record.event) for record in mas.records())
            story = (await http.get(f"{MESSAGES}/{BODY['message_id']}")).json()
            assert (story["payload"], story["encrypted"]) == ({"word": SECRET}, True)
            story = (await http.get(f"{MESSAGES}/{topic.json()['message_id']}")).json()
            assert (story["payload"], story["encrypted"]) == (1, True)
            listed = (await http.get(f"{MESSAGES}?from_agent=ann")).json()["items"]
            assert {item["payload"] for item in listed} == {None}
            inbox = await http.get("/mas/api/v1/communication/agents/ben/inbox")
            assert inbox.json()["items"][0]["payload"] == {"word": SECRET}

            # Here nobody has the key any more.
            mas.system.communication.sealing = Sealing([MessageKey("k2", b"x" * 32)])
            story = (await http.get(f"{MESSAGES}/{BODY['message_id']}")).json()
            assert (story["payload"], story["unreadable"]) == (None, "message_key_unknown")


async def test_where_there_is_no_key_nothing_is_sent(mas: InMemoryMas) -> None:
    http = httpx.AsyncClient(base_url="http://localhost", transport=mas.transport())
    async with http:
        for path in ("send", "request"):
            refused = await http.post(f"{MESSAGES}/{path}", json=BODY | {"encrypt": True})
            assert refused.status_code == 422
            assert refused.json()["code"] == "message_encryption_unavailable"
            assert refused.json()["errors"][0]["field"] == "encrypt"
    assert mas.records("message") == []


async def test_no_digest_is_kept_against_which_a_payload_could_be_tried(
    logs_as_they_were: None,
) -> None:
    """A repetition is recognised all the same, under a former key and from before there was one."""
    old, new = MessageKey("k1", b"k" * 32), MessageKey("k2", b"x" * 32)
    async with InMemoryMas(seed=1) as mas:
        communication = mas.system.communication
        http = httpx.AsyncClient(base_url="http://localhost", transport=mas.transport())
        async with http:
            for path, body, keys in (
                ("messages/send", NOTE | {"to_agent": "ben"}, [old]),
                ("messages/send-batch", {"messages": [NOTE | {"to_agent": "ben"}]}, [old]),
                ("broadcast/", NOTE, [old]),
                ("messages/send", NOTE | {"to_agent": "ben"}, []),
            ):
                key = {"idempotency-key": f"{path}-{len(keys)}"}
                answers = []
                for known in (keys, keys, [new, *keys], [old, new]):
                    communication.sealing = Sealing(known)
                    answers.append(await http.post(f"{API}/{path}", json=body, headers=key))
                first, *others = answers
                assert first.is_success, first.text
                assert {each.content for each in others} == {first.content}
                assert {each.headers.get("idempotent-replayed") for each in others} == {"true"}

                sent = first.request.content
                headers = key | {"content-type": "application/json"}
                other = await http.post(
                    f"{API}/{path}", content=sent.replace(b"note", b"n0te"), headers=headers
                )
                assert other.status_code == 422
                assert other.json()["code"] == "idempotency_key_reused"
                plain = hashlib.sha256(f"POST {API}/{path}\n\n".encode() + sent)
                kept = await mas.log.command(f"http:dev:{key['idempotency-key']}")
                assert kept is not None
                assert (kept.body_hash == plain.digest()) is (not keys)


async def test_nor_over_sockets_and_redis(logs_as_they_were: None) -> None:
    config = {"communication": {"message_keys": KEYS}}
    ann = Principal("ann", frozenset({Role.CLIENT}))
    async with InMemoryMas(seed=1, config=config) as mas:
        desk = MailDesk(mas.system, "ann", ann, lambda _: None, "/")
        data = msgspec.Raw(msgspec.json.encode(NOTE | {"to_agent": "ben"}))
        said = Envelope(type="send", id="1", idempotency_key="k", data=data)
        frames = []
        for _ in range(2):
            work = desk.take(said)
            assert work is not None
            frames.append(await work)
        origin = said.origin(ann, "ann")
        assert origin.command_id is not None
        kept = await mas.log.command(origin.command_id)

    assert kept is not None
    assert kept.body_hash != origin.body_hash
    told = [msgspec.json.decode(payload) for frame in frames for payload in payloads(frame)]
    assert {each["status"] for each in told} == {200}
    assert told[0]["data"]["message_id"] == told[1]["data"]["message_id"]
