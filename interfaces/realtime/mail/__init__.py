"""Messages over sockets and streams: handed over as they come, acknowledged in masses."""

from aia_mas.interfaces.realtime.mail.desk import MailDesk
from aia_mas.interfaces.realtime.mail.feed import MailFeed
from aia_mas.interfaces.realtime.mail.options import MailOptions, mail_options
from aia_mas.interfaces.realtime.mail.socket import message_socket_handlers
from aia_mas.interfaces.realtime.mail.stream import MessageStreams

__all__ = [
    "MailDesk",
    "MailFeed",
    "MailOptions",
    "MessageStreams",
    "mail_options",
    "message_socket_handlers",
]
