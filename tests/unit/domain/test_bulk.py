"""An order about many is recorded once, and told again with the same ids."""

from aia_mas.domain.kernel import Context
from aia_mas.domain.orchestration.bulk import (
    BulkOrder,
    BulkOrdered,
    OrderBulk,
    bulk_order,
    evolve,
    order_bulk,
)

from .conftest import CALLER, NOW

ORDER = OrderBulk(
    bulk_id="b1", action="cancel", ids=("t1", "t2"), more=True, selection={"tag": "x"}, reason="r"
)
CTX = Context(now=NOW, head=1, principal=CALLER)


def test_who_ordered_what_is_recorded() -> None:
    decision = order_bulk(None, ORDER, CTX)

    ordered = BulkOrdered(
        action="cancel", selection={"tag": "x"}, count=2, reason="r", by="alice", at=NOW
    )
    assert (decision.refusal, decision.events) == (None, (("bulk/b1", ordered),))
    answer = bulk_order(evolve(None, ordered), ORDER)
    assert answer == BulkOrder("b1", ("t1", "t2"), True)


def test_a_reason_that_cannot_be_stored_is_refused() -> None:
    bad = OrderBulk(bulk_id="b1", action="cancel", ids=(), reason="\0")
    decision = order_bulk(None, bad, CTX)
    assert decision.refusal is not None
    assert (decision.refusal.code, decision.events) == ("invalid_text", ())
