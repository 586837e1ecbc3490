"""The words of SQL in which messages are asked for.

``m`` is a message, ``d`` a letter of it. Names that come from ``MessageStatus`` and the projection
are the only ones put into these texts.
"""
# ruff: noqa: S608 - see above

from __future__ import annotations

from typing import Final

from aia_mas.projections.communication.delivery_view import DELIVERY_COLUMNS
from aia_mas.projections.communication.messages_fold import MESSAGES
from aia_mas.projections.communication.standing import OPEN, MessageStatus

SENT, LETTERS = MESSAGES.table_names()

LAST: Final = f"""not exists (select from {LETTERS} n where n.sent = d.sent
    and n.recipient = d.recipient and n.position > d.position and n.position <> n.sent)"""
"""It is the last letter of the message to its recipient: it was not queued again later."""

_GONE: Final = """(m.expired is not null and d.position = d.sent
    and (d.ended is null or m.expired < d.ended))"""
"""It expired, and only the row of the message says so; see ``expire``."""

WITH_LETTERS: Final = f"{LETTERS} d join {SENT} m on m.position = d.sent"
"""Letters, each with its message."""

LETTER_COLUMNS: Final = f"""{DELIVERY_COLUMNS}, case when {_GONE} then m.expired end as gone,
    m.expired_at as gone_at"""
"""A letter, and by what event it expired, if it does not say so itself, and when."""

STANDING: Final = f"case when {_GONE} then 'expired' else d.state end"
"""Where a letter stands."""

STANDS: Final = f"""exists (select from {LETTERS} d where d.sent = m.position and d.state in ({{}})
    and not {_GONE} and {LAST})"""
"""At some recipient the message stands so."""

HAS_EXPIRED: Final = f"""(m.expired is not null or m.again is not null) and (
    m.spread and m.expired is not null or exists (select from {LETTERS} d
        where d.sent = m.position and d.state = 'expired' and {LAST}))"""
"""For some recipient it expired: for one that is named, or for members of a group."""


def _when(status: MessageStatus) -> str:
    word = f"'{status}'"
    return f"when {STANDS.format(word)} then {word}"


SUMMARY: Final = f"""case {" ".join(_when(status) for status in OPEN)}
    when m.spread and m.expired is null then
        case when exists (select from {LETTERS} d where d.sent = m.position) then 'delivered'
        else 'queued' end
    {_when(MessageStatus.DEAD)} {_when(MessageStatus.DROPPED)}
    when {HAS_EXPIRED} then 'expired' else 'acknowledged' end"""
"""Where a message stands as a whole; see ``summary``."""

POSITION: Final = f"""coalesce((select position from projection_checkpoints
    where projection = '{MESSAGES.key}'), 0)"""
"""How far the read model has come."""
