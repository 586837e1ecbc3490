"""The socket of agents: tasks come as they are assigned, and every report gets its receipt."""

from aia_mas.interfaces.realtime.agent.socket import agent_socket_handlers

__all__ = ["agent_socket_handlers"]
