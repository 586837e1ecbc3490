"""Live streams over WebSocket and server-sent events."""

from aia_mas.interfaces.realtime.agent import agent_socket_handlers
from aia_mas.interfaces.realtime.close_codes import CloseCode
from aia_mas.interfaces.realtime.coalesced import Sample
from aia_mas.interfaces.realtime.event_stream import EventStreams
from aia_mas.interfaces.realtime.frontend import OPERATIONS, realtime_handlers
from aia_mas.interfaces.realtime.gate import Gate
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.mail import MessageStreams, message_socket_handlers
from aia_mas.interfaces.realtime.options import RealtimeOptions, options_of
from aia_mas.interfaces.realtime.snapshots import OpenList
from aia_mas.interfaces.realtime.uvicorn_socket import socket_options

__all__ = [
    "OPERATIONS",
    "CloseCode",
    "EventStreams",
    "Gate",
    "Hub",
    "MessageStreams",
    "OpenList",
    "RealtimeOptions",
    "Sample",
    "agent_socket_handlers",
    "message_socket_handlers",
    "options_of",
    "realtime_handlers",
    "socket_options",
]
