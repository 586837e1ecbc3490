"""Orders to close connections: whom they name, and that one is given once."""

from aia_mas.domain.communication.disconnections import (
    DisconnectionOrdered,
    OrderDisconnection,
    Whom,
    disconnection_stream,
    evolve,
    order_disconnection,
)
from aia_mas.domain.kernel import Context, Principal, Role
from aia_mas.domain.kernel.errors import InvalidValue

from .agent_stories import NOW

CONTEXT = Context(NOW, 0, Principal("ops", frozenset({Role.OPERATOR})))


def test_an_order_says_whom_why_and_by_whom() -> None:
    command = OrderDisconnection(disconnection_id="d1", whom=Whom(subject="ann"), reason="moved")
    decision = order_disconnection(None, command, CONTEXT)
    ordered = DisconnectionOrdered(whom=Whom(subject="ann"), reason="moved", by="ops", at=NOW)
    assert decision.events == ((disconnection_stream("d1"), ordered),)
    assert not order_disconnection(evolve(None, ordered), command, CONTEXT).events


def test_an_order_about_nobody_in_particular_is_refused() -> None:
    refused = order_disconnection(
        None, OrderDisconnection(disconnection_id="d1", whom=Whom(), reason="x" * 1_001), CONTEXT
    )
    assert not refused.events
    assert isinstance(refused.refusal, InvalidValue)
    assert {each.field for each in refused.refusal.all} == {"subject", "reason"}
