"""Whatever is sent, to whomever, over whichever node: once acknowledged it never comes again.

Two nodes as they are, over one log in memory, with a clock that is moved by hand; beside them
messages in the plainest way (``plain_mail``). Letters to more than two recipients count as many.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    MessageClosed,
    NotARecipient,
)
from aia_mas.domain.communication.mailroom import mailroom
from aia_mas.domain.communication.terms import WhenFull
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.orchestration.task_specification import Priority

from . import mail_checks, mail_collecting, mail_faults, mail_sending
from .mail_world import NAMES, Handed, MailWorld

# More stories, and other ones each time, are made up by `make test-long`.
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"

names = st.sampled_from(NAMES)
priorities = st.sampled_from(list(Priority))
nodes = st.integers(0, 1)
prefetches = st.sampled_from((None, 1, 2, 5))
patterns = st.lists(st.sampled_from(("a.*", "a.b", ">", "b")), max_size=2, unique=True)
agents = st.lists(names, min_size=1, max_size=4, unique=True).map(
    lambda some: Destination(agents=tuple(some))
)
groups = st.one_of(
    st.sampled_from(("a.b", "a.c", "b")).map(lambda topic: Destination(topic=topic)),
    st.booleans().map(lambda one: Destination(capability="python", any_one=one)),
    st.just(Destination(role="worker")),
    st.just(Destination(broadcast=True)),
)
details = st.fixed_dictionaries(
    {
        "priority": priorities,
        "ttl_seconds": st.sampled_from((None, None, None, 5.0, 60.0)),
        "after": st.sampled_from((None, None, None, 4.0)),
        "max_attempts": st.sampled_from((None, None, 1, 2)),
        "ack_seconds": st.sampled_from((None, 3.0)),
    }
)


class Mail(RuleBasedStateMachine):
    """See above."""

    policy = WhenFull.REFUSE

    @initialize()
    def begin(self) -> None:
        self.world = MailWorld(self.policy)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                if sys.exc_info()[0] is None:
                    mail_checks.settle(self.world)
            finally:
                self.world.close()

    @rule(change=st.integers(0, 3), node=nodes, name=names, some=patterns, able=st.booleans())
    def somebody_changes(
        self, change: int, node: int, name: str, some: list[str], able: bool
    ) -> None:
        match change:
            case 0:
                self.world.register(name, skilled=able, worker=not able)
            case 1:
                self.world.unregister(name)
            case 2:
                self.world.go_on_or_offline(name)
            case 3:
                self.world.subscribe(node, name, tuple(some))

    @rule(node=nodes, sender=names, to=agents, said=details)
    def somebody_sends(self, node: int, sender: str, to: Destination, said: Any) -> None:
        mail_sending.send(self.world, node, sender, to, **said)

    @rule(node=nodes, sender=names, to=groups, said=details)
    def somebody_sends_to_a_group(self, node: int, sender: str, to: Any, said: Any) -> None:
        mail_sending.send(self.world, node, sender, to, **said)

    @rule(node=nodes, to=names, several=st.lists(priorities, min_size=2, max_size=5))
    def somebody_sends_several(self, node: int, to: str, several: list[Priority]) -> None:
        for priority in several:
            mail_sending.send(self.world, node, "ann", Destination(agents=(to,)), priority=priority)

    @rule(node=nodes, to=names, count=st.integers(2, 8))
    def somebody_sends_at_once(self, node: int, to: str, count: int) -> None:
        mail_sending.send_at_once(self.world, node, "eve", to, count)

    @rule(node=nodes, data=st.data())
    @precondition(lambda self: self.world.sent)
    def the_same_again(self, node: int, data: st.DataObject) -> None:
        """Sent again, it changes nothing; dead, it is queued again if it still is."""
        message_id = data.draw(st.sampled_from(sorted(self.world.sent)))
        mail_sending.send_again(self.world, node, message_id)
        outcomes = self.world.plain.outcomes.items()
        dead = sorted(letter for letter, outcome in outcomes if outcome == "dead")
        if dead:
            mail_sending.redrive(self.world, node, *data.draw(st.sampled_from(dead)))

    @rule(node=nodes, data=st.data(), prefetch=prefetches, most=st.integers(1, 4), then=st.data())
    def somebody_collects(
        self, node: int, data: st.DataObject, prefetch: int | None, most: int, then: Any
    ) -> None:
        with_mail = [name for name in NAMES if self.world.person(name).waiting]
        name = data.draw(st.sampled_from(with_mail or NAMES))
        collector = mail_collecting.somebody(self.world, node, name, prefetch)
        handed = mail_collecting.take(self.world, collector, most)
        if handed and then.draw(st.booleans()):
            mail_collecting.acknowledge_if_open(self.world, node, handed[-1])

    @rule(data=st.data(), most=st.integers(1, 6))
    @precondition(lambda self: self.world.collectors)
    def whoever_collects_goes_on(self, data: st.DataObject, most: int) -> None:
        mail_collecting.take(self.world, data.draw(st.sampled_from(self.world.collectors)), most)

    @rule(data=st.data(), in_order=st.booleans())
    @precondition(lambda self: self.world.collectors)
    def a_connection_ends(self, data: st.DataObject, in_order: bool) -> None:
        collector = data.draw(st.sampled_from(self.world.collectors))
        mail_collecting.go(self.world, collector, in_order=in_order)

    @rule(node=nodes, data=st.data(), times=st.integers(1, 2))
    @precondition(lambda self: self.world.handed)
    def somebody_acknowledges(self, node: int, data: st.DataObject, times: int) -> None:
        """What was handed over at some time, over any node, perhaps twice at a time."""
        world, each = self.world, self.one_handed(data)
        letter = world.letter(each)
        spent = letter is not None and letter.spent
        first, *others = mail_collecting.acknowledge(world, node, each, times)
        if letter is None:
            assert isinstance(first, NotARecipient)
        elif spent:
            assert isinstance(first, MessageClosed)
        else:
            mail_collecting.check_acknowledged(world, first, letter, each)
            assert all(isinstance(other, AlreadyAcknowledged) for other in others)

    @rule(node=nodes, data=st.data(), after=st.sampled_from((None, 0.0, 6.0)), again=st.booleans())
    @precondition(lambda self: self.world.handed)
    def somebody_refuses(
        self, node: int, data: st.DataObject, after: float | None, again: bool
    ) -> None:
        world, each = self.world, self.one_handed(data)
        letter, office = world.letter(each), world.post.stations[node].office
        spent = letter is not None and letter.spent

        async def refuse() -> Any:
            try:
                return await office.refuse(
                    each.name, each.message_id, "no", retry_after=after, requeue=again
                )
            except DomainError as error:
                return error

        answer = world.run(refuse())
        world.follow()
        if letter is None:
            assert isinstance(answer, NotARecipient)
        elif spent:
            assert isinstance(answer, MessageClosed)
        else:
            assert answer <= len(world.post.events)
            ended = (letter.position, each.name) in world.plain.outcomes
            assert again or letter.spent or ended

    def one_handed(self, data: st.DataObject) -> Handed:
        """Draw something that was handed over, mostly something that is still open."""
        still = [each for each in self.world.handed if self.world.letter(each)]
        return data.draw(st.sampled_from(still[-6:] * 3 + self.world.handed[-4:]))

    @rule(name=names)
    def what_is_anothers_is_not_acknowledged(self, name: str) -> None:
        for message_id in self.world.sent:
            if self.world.open_letter(message_id, name) is None:
                with pytest.raises(NotARecipient):
                    self.world.post.stations[0].office.acknowledge(name, message_id)

    @rule(seconds=st.sampled_from((0.3, 1.0, 3.0, 9.0, 40.0)))
    def time_passes(self, seconds: float) -> None:
        mail_faults.pass_time(self.world, seconds)

    @rule(fault=st.integers(0, 3), node=nodes)
    def something_goes_wrong(self, fault: int, node: int) -> None:
        match fault:
            case 0:
                mail_faults.kill_and_restart(self.world, node)
            case 1:
                mail_faults.take_over(self.world, node)
            case 2:
                mail_faults.go_back_to_a_snapshot(self.world, node)
            case 3:
                mail_faults.set_the_clock_back(self.world, 30.0)

    @invariant()
    def all_say_the_same(self) -> None:
        if hasattr(self, "world"):
            mail_checks.check(self.world)


class DroppingMail(Mail):
    """The same where the lowest make room."""

    policy = WhenFull.DROP_LOWEST


@pytest.mark.parametrize("machine", [Mail, DroppingMail])
def test_any_story(machine: type[Mail], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailroom, "EAGER", 2)
    stories = settings(max_examples=500 if LONG else 25, stateful_step_count=40)
    run_state_machine_as_test(machine, settings=stories)
