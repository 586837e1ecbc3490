"""What sockets have in common over which something is done: messages, receipts, their order."""

from aia_mas.interfaces.realtime.acting.admission import REFUSALS, closing_of
from aia_mas.interfaces.realtime.acting.envelope import Envelope
from aia_mas.interfaces.realtime.acting.lanes import Lane, Lanes
from aia_mas.interfaces.realtime.acting.receipts import Receipt, receipt_of, refused, told
from aia_mas.interfaces.realtime.acting.session import ActingSession, Desk

__all__ = [
    "REFUSALS",
    "ActingSession",
    "Desk",
    "Envelope",
    "Lane",
    "Lanes",
    "Receipt",
    "closing_of",
    "receipt_of",
    "refused",
    "told",
]
