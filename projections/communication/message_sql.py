"""The words of SQL in which messages are asked for.

``m`` is a message, ``d`` a letter of it, ``x`` tells when that expired. Names that come from
``MessageStatus`` and the projection are the only ones put into these texts.
"""
# ruff: noqa: S608 - see above

from __future__ import annotations

from typing import Final

from aia_mas.projections.communication.delivery_view import DELIVERY_COLUMNS
from aia_mas.projections.communication.messages_fold import MESSAGES
from aia_mas.projections.communication.standing import OPEN, MessageStatus

SENT, LETTERS, EXPIRIES = MESSAGES.table_names()

# The first outcome holds: what is recorded of a letter behind its expiry is of no consequence.
_ENDS: Final = """e.message_id = m.message_id and e.at >= coalesce(d.expires_at, m.expires_at)
    and e.position > d.position and (d.ended is null or e.position < d.ended)"""

LAST: Final = f"""not exists (select from {LETTERS} n where n.sent = d.sent
    and n.recipient = d.recipient and n.position > d.position and n.position <> n.sent)"""
"""It is the last letter of the message to its recipient: it was not queued again later."""

EXPIRED_AT: Final = f"""(select e.at from {EXPIRIES} e
    where m.expires_at is not null and {_ENDS} order by e.position limit 1)"""
"""When a letter expired, null if it has not."""

WITH_LETTERS: Final = f"""{LETTERS} d join {SENT} m on m.position = d.sent
    left join lateral {EXPIRED_AT} x on true"""
"""Letters, each with its message and its expiry."""

LETTER_COLUMNS: Final = f"{DELIVERY_COLUMNS}, x.at"
"""A letter, and when it expired."""

STANDING: Final = "case when x.at is null then d.state else 'expired' end"
"""Where a letter stands; see ``status_of``."""

HAS_EXPIRED: Final = f"""exists (select from {EXPIRIES} e
    where e.message_id = m.message_id and e.at >= m.expires_at)"""
"""The message has expired, for those whom it was sent to at first."""

_OF_MESSAGE = f"select from {LETTERS} d where d.sent = m.position"


def _is_somewhere(status: MessageStatus) -> str:
    return f"""when exists ({_OF_MESSAGE} and d.state = '{status}' and {LAST}
        and {EXPIRED_AT} is null) then '{status}'"""


SUMMARY: Final = f"""case
    {" ".join(_is_somewhere(status) for status in OPEN)}
    when m.spread and not {HAS_EXPIRED}
        then case when exists ({_OF_MESSAGE}) then 'delivered' else 'queued' end
    {_is_somewhere(MessageStatus.DEAD)} {_is_somewhere(MessageStatus.DROPPED)}
    when m.spread or exists (select from {EXPIRIES} e join {LETTERS} d on d.sent = m.position
        where {_ENDS} and {LAST}) then 'expired'
    else 'acknowledged' end"""
"""Where a message stands as a whole; see ``summary``."""

_SPREAD = f"select g.position from {SENT} g where g.spread"
_STANDING_SO = f"select d.sent from {LETTERS} d where d.state = "
CANDIDATES: Final = {
    MessageStatus.QUEUED: f"{_STANDING_SO}'queued' union all {_SPREAD}",
    MessageStatus.DELIVERED: f"{_STANDING_SO}'delivered' union all {_SPREAD}",
    MessageStatus.FAILED: f"{_STANDING_SO}'failed'",
    MessageStatus.DEAD: f"{_STANDING_SO}'dead'",
    MessageStatus.DROPPED: f"{_STANDING_SO}'dropped'",
    MessageStatus.EXPIRED: f"""select g.position from {EXPIRIES} e
        join {SENT} g on g.message_id = e.message_id""",
}
"""The only messages that may stand so, found by an index; of acknowledged ones there is no end."""

POSITION: Final = f"""coalesce((select position from projection_checkpoints
    where projection = '{MESSAGES.key}'), 0)"""
"""How far the read model has come."""
