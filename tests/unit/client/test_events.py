"""The wire of live streams: events in whatever pieces they come, and places to go on from."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia.client.events import EventDecoder, ServerEvent, Subscribed, understood
from aia.client.places import Places
from aia.client.types import (
    AgentUpdate,
    BudgetSnapshot,
    BudgetUpdate,
    DeliveryUpdate,
    EconomicUpdate,
    MessageUpdate,
    ProposalSnapshot,
    ProposalUpdate,
    TaskUpdate,
)
from aia.client.types.live import Fact
from aia_mas.interfaces.realtime.agent_facts import AgentUpdate as ServersAgentUpdate
from aia_mas.interfaces.realtime.budget_facts import BudgetTold
from aia_mas.interfaces.realtime.message_facts import DeliveryTold, MessageTold
from aia_mas.interfaces.realtime.proposal_facts import ProposalTold
from aia_mas.interfaces.realtime.task_facts import TaskUpdate as ServersTaskUpdate
from aia_mas.projections.economy.economy_view import EconomyView

WIRE = (
    b"retry: 2000\n\n"
    b": keep-alive\n\n"
    b'event: subscribed\ndata: {"a":\ndata: 1}\n\n'
    b"id: e/tasks:3\r\nevent: task_update\r\ndata: {}\r\n\r\n"
    b"data:x\n\n"
    b": keep-alive\nid: e/tasks:9\n\n"
    b"id:\n\n"
    b"event: nothing\n\n"
)
EVENTS = [
    ServerEvent("subscribed", None, b'{"a":\n1}'),
    ServerEvent("task_update", "e/tasks:3", b"{}"),
    ServerEvent("", None, b"x"),
    ServerEvent("", "e/tasks:9", b""),
    ServerEvent("", "", b""),
]


@given(st.lists(st.integers(0, len(WIRE)), max_size=20))
def test_events_are_the_same_in_whatever_pieces_they_come(cuts: list[int]) -> None:
    decoder, bounds = EventDecoder(), sorted({0, len(WIRE), *cuts})
    pieces = [WIRE[begin:end] for begin, end in pairwise(bounds)]
    assert [event for piece in pieces for event in decoder.feed(piece)] == EVENTS


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (TaskUpdate, ServersTaskUpdate),
        (AgentUpdate, ServersAgentUpdate),
        (ProposalUpdate, ProposalTold),
        (BudgetUpdate, BudgetTold),
        (MessageUpdate, MessageTold),
    ],
)
def test_updates_have_the_fields_that_the_server_tells(
    ours: type[msgspec.Struct], theirs: type[msgspec.Struct]
) -> None:
    told = {f.encode_name: f.required for f in msgspec.structs.fields(theirs)}
    known = {f.encode_name: f.required for f in msgspec.structs.fields(ours)}
    assert known == {**told, "position": False, "place": False}


def test_deliveries_in_them_have_the_fields_that_the_server_tells() -> None:
    told, known = (
        {field.encode_name: field.required for field in msgspec.structs.fields(each)}
        for each in (DeliveryTold, DeliveryUpdate)
    )
    assert known == told


def test_what_a_later_server_says_more_is_passed_over() -> None:
    assert understood(ServerEvent("weather_update", None, b'{"data":{}}')) is None
    assert understood(ServerEvent("", "e/tasks:9", b"")) is None
    data = b'{"type":"agent_update","position":4,"new":1,"data":{"event":"agent.moved","version":1,'
    data += b'"at":"2026-01-02T03:04:05Z","actor":"x","agent_id":"a","new":2},"id":"agents"}'
    told = understood(ServerEvent("agent_update", "e/agents:4", data))
    assert isinstance(told, AgentUpdate)
    assert (told.position, told.place, told.event) == (4, "e/agents:4", "agent.moved")


def test_economy_and_proposals_are_told_as_what_they_are() -> None:
    summary = msgspec.json.encode(EconomyView().summary())
    data = b'{"type":"economic_update","as_of":5,"data":' + summary + b',"id":"economy"}'
    economy = understood(ServerEvent("economic_update", None, data))
    assert isinstance(economy, EconomicUpdate)
    assert (economy.as_of, economy.summary.stake.gini) == (5, None)
    page = b'{"type":"snapshot","position":9,"data":{"first":true,"items":[]},"id":"proposals"}'
    snapshot = understood(ServerEvent("snapshot", "e/proposals:9", page))
    assert isinstance(snapshot, ProposalSnapshot)
    assert (snapshot.position, snapshot.first) == (9, True)
    snapshot = understood(ServerEvent("snapshot", None, page.replace(b"proposals", b"budgets")))
    assert isinstance(snapshot, BudgetSnapshot)


def update(position: int, place: str) -> TaskUpdate:
    data = {"event": "e", "version": 1, "at": "2026-01-02T03:04:05Z", "actor": "", "task_id": "t"}
    return msgspec.convert({**data, "position": position, "place": place}, TaskUpdate)


def test_a_place_is_known_from_the_first_answer_on() -> None:
    places = Places()
    assert places.begun(Subscribed("metrics", True, None, "e"))
    assert places.text == ""
    assert places.begun(Subscribed("tasks", False, 7, "e"))
    assert places.begun(Subscribed("agents", False, 9, "e"))
    assert (places.text, places.position) == ("e/tasks:7,agents:9", 9)
    assert places.new(update(8, "e/tasks:8,agents:9"))
    assert places.text == "e/tasks:8,agents:9"
    assert not places.new(update(8, "x"))
    assert places.text == "e/tasks:8,agents:9"


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("agents", AgentUpdate),
        ("budgets", BudgetUpdate),
        ("messages", MessageUpdate),
        ("proposals", ProposalUpdate),
        ("tasks", TaskUpdate),
    ],
)
def test_a_fact_of_any_topic_is_told_once(topic: str, kind: type[Fact]) -> None:
    known = {"event": "e", "version": 1, "at": "2026-01-02T03:04:05Z", "actor": "", "status": "s"}
    of_others = {"task_id": "t", "agent_id": "a", "budget_id": "b", "proposal_id": "p"}
    told, new = (
        msgspec.convert({**known, **of_others, "position": position, "place": "e/x"}, kind)
        for position in (8, 9)
    )
    places = Places(f"e/{topic}:8,other:3")
    assert not places.new(told)
    assert places.new(new)
    assert not places.new(new)
    assert places.position == 9


def test_a_place_that_is_no_more_is_noticed() -> None:
    assert not Places("e/tasks:7").begun(Subscribed("tasks", False, 3, "f"))
    assert Places("e/tasks:7").begun(Subscribed("agents", False, 3, "e"))
    assert not Places().begun(Subscribed("tasks", False, 3, "e"), demanded=True)
    assert Places("e/tasks:7").begun(Subscribed("tasks", True, 7, "e"))
