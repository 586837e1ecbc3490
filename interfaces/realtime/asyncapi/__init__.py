"""The sockets described for programs: AsyncAPI 3, and TypeScript types made from it."""

from aia_mas.interfaces.realtime.asyncapi.document import document
from aia_mas.interfaces.realtime.asyncapi.pages import SocketDocuments
from aia_mas.interfaces.realtime.asyncapi.typescript import declarations

__all__ = ["SocketDocuments", "declarations", "document"]
