"""Messages for agents that speak Redis and nothing else."""

from aia_mas.interfaces.redis_bridge.bridge import LEASE, RedisBridge, bridge_of
from aia_mas.interfaces.redis_bridge.channels import REFUSED, SEND, agent_channel, topic_channel

__all__ = [
    "LEASE",
    "REFUSED",
    "SEND",
    "RedisBridge",
    "agent_channel",
    "bridge_of",
    "topic_channel",
]
