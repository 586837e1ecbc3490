"""Commands that come again: each is carried out once, and has its first answer again."""

from __future__ import annotations

import asyncio

import pytest

from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.errors import (
    CommandIdReused,
)
from aia_mas.application.event_log.records import Kind
from aia_mas.domain.kernel.errors import PermissionDenied

from .conftest import ALICE, Node, answered
from .counters import (
    AlreadyOpen,
    Answer,
    LimitReached,
    Look,
    NotOpen,
    Open,
    Opened,
    Raise,
    RaiseRefused,
)


async def test_a_repeated_command_gets_its_first_answer(node: Node) -> None:
    first = await node.when(Open("a"), command_id="key", body_hash=b"h")
    await node.given(Raise("a", 7))
    again = await node.when(Open("a"), command_id="key", body_hash=b"h")

    assert (again.body, again.position) == (first.body, first.position)
    assert again.replayed
    assert len(node.then("a")) == 2


async def test_a_repeated_command_gets_its_first_result(node: Node) -> None:
    """What the decision called it tells a client what became of the first one, not of this one."""
    first = await node.when(Open("a"), command_id="key", body_hash=b"h")
    await node.given(Raise("a", 7))
    again = await node.when(Open("a"), command_id="key", body_hash=b"h")
    nameless = [await node.when(Raise("a"), command_id="k2", body_hash=b"h") for _ in range(2)]

    assert first.result == again.result == {"limit": "set"}
    assert [result.result for result in nameless] == [None, None]
    assert [result.replayed for result in nameless] == [False, True]


async def test_a_repeated_registration_is_no_duplicate(node: Node) -> None:
    """What it would be refused for now is its own doing."""
    await node.given(Open("other"))
    await node.when(Open("a"), command_id="key")

    assert (await node.when(Open("a"), command_id="key")).replayed
    with pytest.raises(AlreadyOpen):
        await node.when(Open("a"), command_id="another key")


async def test_a_repeated_refusal_is_the_same_refusal(node: Node) -> None:
    await node.given(Open("a", limit=1))
    with pytest.raises(LimitReached) as first:
        await node.when(Raise("a", 2), command_id="key")
    await node.given(Raise("a", -5))

    with pytest.raises(Exception) as again:  # noqa: PT011 - what is known of it is checked below
        await node.when(Raise("a", 2), command_id="key")

    assert again.value.replayed is True  # type: ignore[attr-defined]
    for field in ("code", "title", "detail", "facts"):
        assert getattr(again.value, field) == getattr(first.value, field)
    assert (again.value.code, again.value.detail) == ("limit_reached", "too high")  # type: ignore[attr-defined]
    assert again.value.facts == {"value": 0}  # type: ignore[attr-defined]


async def test_a_recorded_refusal_is_repeated_and_not_recorded_again(node: Node) -> None:
    await node.given(Open("a", limit=1))
    for _ in range(3):
        with pytest.raises(Exception, match="too high"):
            await node.when(Raise("a", 2, recorded=True), command_id="key")

    assert node.then("a") == [Opened(limit=1), RaiseRefused()]


async def test_an_id_is_never_used_for_another_body(node: Node) -> None:
    await node.when(Open("a"), command_id="key", body_hash=b"1")

    with pytest.raises(CommandIdReused):
        await node.when(Open("b"), command_id="key", body_hash=b"2")
    assert node.then("b") == []


async def test_the_same_command_twice_at_once_is_carried_out_once(node: Node) -> None:
    results = await asyncio.gather(
        *(node.start(Open("a"), command_id="key", body_hash=b"h") for _ in range(10))
    )

    assert len({result.body for result in results}) == 1
    assert {result.position for result in results} == {1}
    assert sorted(result.replayed for result in results) == [False, *[True] * 9]
    assert node.then("a") == [Opened(limit=100)]


async def test_a_process_decides_anew_what_it_was_refused(node: Node) -> None:
    """Its work is still open; a refusal of yesterday must not stand in its way."""
    origin = Origin(ALICE, "proc:work:1", kind=Kind.FOREVER)
    with pytest.raises(NotOpen):
        await node.engine.run(Raise("a", 1), origin)
    await node.given(Open("a"))

    assert not (await node.engine.run(Raise("a", 1), origin)).replayed
    assert (await node.engine.run(Raise("a", 1), origin)).replayed
    assert node.value("a") == 1


async def test_a_caller_who_may_not_is_not_remembered_for_it(node: Node) -> None:
    """It may be allowed to later, under the same key."""
    await node.given(Open("a"))
    with pytest.raises(PermissionDenied):
        await node.when(Raise("a", 13), command_id="key", body_hash=b"h")

    assert await node.log.command("key") is None
    await node.given(Raise("a", 2))
    assert not (await node.when(Raise("a", 13), command_id="key", body_hash=b"h")).replayed


async def test_a_client_without_a_key_is_not_remembered_for_its_refusal(node: Node) -> None:
    with pytest.raises(NotOpen):
        await node.when(Look("a"))

    assert node.log._commands == {}


async def test_an_answer_that_was_lost_is_no_repetition(node: Node) -> None:
    """The commit came through, its answer did not, and the batch was submitted once more."""
    node.log.loses_answers = True

    result = await node.when(Open("a"))

    assert (answered(result), result.position, result.replayed) == (Answer("a", 0), 1, False)
    node.log.loses_answers = False
    assert answered(await node.when(Raise("a", 1))) == Answer("a", 1)


@pytest.mark.parametrize("atomic", [True, False])
async def test_several_commands_are_repeated_together(node: Node, atomic: bool) -> None:
    origin = Origin(ALICE, "key", body_hash=b"h")
    commands = [Open("a"), Raise("a", 2)] if atomic else [Open("a"), Raise("b"), Raise("a", 2)]
    first = await node.engine.execute_many(commands, origin, atomic=atomic)
    again = await node.engine.execute_many(commands, origin, atomic=atomic)

    assert [getattr(item, "body", None) for item in again] == [
        getattr(item, "body", None) for item in first
    ]
    assert [getattr(item, "code", None) for item in again] == [
        getattr(item, "code", None) for item in first
    ]
    assert all(getattr(item, "replayed", False) for item in again)
    assert node.value("a") == 2


async def test_a_refused_atomic_group_is_repeated_as_refused(node: Node) -> None:
    origin = Origin(ALICE, "key", body_hash=b"h")
    for _ in range(2):
        with pytest.raises(Exception, match="no such counter"):
            await node.engine.execute_many([Open("a"), Raise("b")], origin, atomic=True)
        await node.given(Open("b") if not node.then("b") else Look("b"))

    assert node.then("a") == []
