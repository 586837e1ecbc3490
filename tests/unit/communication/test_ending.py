"""How messages end, and how dead letters are queued again."""

from __future__ import annotations

from msgspec.structs import replace

from aia_mas.domain.communication.ending import (
    MOST_REDRIVEN,
    BuryMessage,
    ExpireMessage,
    RedriveMessage,
)
from aia_mas.domain.communication.message_events import (
    Died,
    MessageDied,
    MessageExpired,
    MessageRedriven,
)
from aia_mas.domain.orchestration.task_specification import Priority
from tests.unit.domain.conftest import CALLER, NOW

from .mail import at, sent


def spent(*names: str) -> tuple[Died, ...]:
    return tuple(Died(recipient=name, attempts=3, reason="refused") for name in names)


# It is sent at 0 and expires at 60.
SENT = replace(sent("bob", "cal", priority=Priority.HIGH), sent_at=at(0), expires_at=at(60))
BURY = BuryMessage(message_id="m1", position=7, items=spent("bob"))
DIED = MessageDied(position=7, items=spent("bob"), at=NOW)


def redriven(*recipients: str, **more: object) -> MessageRedriven:
    return MessageRedriven(
        **{
            "recipients": recipients,
            "from_agent": "ann",
            "message_type": "note",
            "priority": Priority.HIGH,
            "ack_seconds": 30.0,
            "max_attempts": 3,
            "expires_at": at(100 + 60),
            "sent_at": at(0),
            "sent": 7,
            "by": CALLER.subject,
            "at": at(100),
            **more,
        }
    )


def test_nothing_ends_that_never_was(a_message):
    for command in (
        ExpireMessage(message_id="m1", due=NOW),
        BURY,
        RedriveMessage(message_id="m1", sent=7),
    ):
        a_message.when(command).then_refused("message_not_found")


# ------------------------------------------------------------------------------------- expiry


def test_it_expires_once(a_message):
    expire = ExpireMessage(message_id="m1", due=at(60))
    a_message.given(SENT).at(at(61)).when(expire).then(MessageExpired(at=at(61)))
    a_message.when(expire).then()


def test_a_clock_that_was_set_back_does_not_make_it_last(a_message):
    a_message.given(SENT).at(at(10)).when(ExpireMessage(message_id="m1", due=at(60)))
    a_message.then(MessageExpired(at=at(60)))


def test_what_was_queued_again_expires_at_its_own_time(a_message):
    a_message.given(SENT, DIED, redriven("bob", expires_at=at(160)), MessageExpired(at=at(61)))

    late = ExpireMessage(message_id="m1", due=at(160))
    a_message.at(at(161)).when(late).then(MessageExpired(at=at(161)))
    a_message.when(late).then()


def test_what_was_queued_again_by_a_clock_that_was_set_back_expires_as_well(a_message):
    """Its message has expired up to a later time than its own, but that was before."""
    a_message.given(SENT, DIED, MessageExpired(at=at(900)), redriven("bob", expires_at=at(160)))

    expire = ExpireMessage(message_id="m1", due=at(160))
    a_message.at(at(161)).when(expire).then(MessageExpired(at=at(161)))
    a_message.when(expire).then()
    # What had expired before has not begun to last again.
    a_message.when(ExpireMessage(message_id="m1", due=at(60))).then()
    a_message.when(replace(BURY, items=spent("cal"), expires=at(900))).then()


def test_what_was_queued_again_by_a_clock_that_was_set_back_dies_as_well(a_message):
    a_message.given(SENT, DIED, MessageExpired(at=at(900)), redriven("bob", expires_at=at(160)))

    late = replace(BURY, position=9, expires=at(160))
    a_message.when(late).then(replace(DIED, position=9))
    a_message.given(redriven("bob", expires_at=at(170)), MessageExpired(at=at(170)))
    a_message.when(replace(late, position=11, expires=at(170))).then()


# --------------------------------------------------------------------------------------- dead


def test_it_is_dead_for_one_and_not_for_others(a_message):
    a_message.given(SENT).when(BURY).then(DIED)
    assert a_message.state.dead == {"bob": 7}


def test_it_is_dead_for_many_by_one_event(a_message):
    some = spent("bob", "cal")
    a_message.given(SENT).when(replace(BURY, items=some)).then(replace(DIED, items=some))
    assert a_message.state.dead == {"bob": 7, "cal": 7}


def test_it_is_dead_once_whoever_says_so_again(a_message):
    a_message.given(SENT, DIED).when(BURY).then()
    both = replace(BURY, items=spent("bob", "cal"))
    a_message.when(both).then(replace(DIED, items=spent("cal")))

    # What is said too late of what died before is not about what was queued again.
    a_message.given(redriven("bob", sent=7)).when(both).then()
    a_message.when(replace(BURY, position=9)).then(replace(DIED, position=9))
    a_message.given(redriven("bob", sent=7)).when(replace(BURY, position=9)).then()


def test_what_has_expired_is_not_dead_as_well(a_message):
    a_message.given(SENT, MessageExpired(at=at(61)))

    a_message.when(replace(BURY, expires=at(60))).then()
    a_message.when(replace(BURY, expires=at(160))).then(DIED)


def test_of_those_for_whom_it_is_to_be_dead_some_have_it_again(a_message):
    """By a clock that was set back: only for them it has not expired."""
    bob, both = redriven("bob", expires_at=at(160)), spent("bob", "cal")
    a_message.given(SENT, DIED, MessageExpired(at=at(900)), bob)

    late = replace(BURY, position=9, items=both, expires=at(160))
    a_message.when(late).then(replace(DIED, position=9))


# --------------------------------------------------------------------------------- once more


def test_a_dead_letter_is_queued_again_for_as_long_as_at_first(a_message):
    again = RedriveMessage(message_id="m1", recipient="bob", sent=7)
    a_message.given(SENT, DIED).at(at(100)).when(again).then(redriven("bob"))
    a_message.when(again).then_refused("message_not_dead")


def test_the_time_before_it_could_be_delivered_does_not_count(a_message):
    later = replace(SENT, deliver_after=at(50), expires_at=at(60))
    a_message.given(later, DIED).at(at(100))
    a_message.when(RedriveMessage(message_id="m1", recipient="bob", sent=7))
    a_message.then(redriven("bob", expires_at=at(110)))


def test_one_that_never_expires_never_does(a_message):
    a_message.given(replace(SENT, expires_at=None), DIED).at(at(100))
    a_message.when(RedriveMessage(message_id="m1", recipient="bob", sent=7))
    a_message.then(redriven("bob", expires_at=None))


def test_only_for_whom_it_is_dead(a_message):
    a_message.given(SENT)
    a_message.when(RedriveMessage(message_id="m1", sent=7)).then_refused("message_not_dead")
    a_message.given(DIED)
    other = RedriveMessage(message_id="m1", recipient="cal", sent=7)
    a_message.when(other).then_refused("message_not_dead")


def test_for_all_of_many_a_few_at_a_time(a_message):
    everyone = spent(*(f"a{number}" for number in range(MOST_REDRIVEN + 5)))
    a_message.given(SENT, replace(DIED, items=everyone)).at(at(100))

    everybody = RedriveMessage(message_id="m1", sent=7)
    a_message.when(everybody)
    first = [f"a{number}" for number in range(MOST_REDRIVEN)]
    a_message.then(redriven(*first))
    assert list(a_message.state.dead) == [f"a{MOST_REDRIVEN + number}" for number in range(5)]
