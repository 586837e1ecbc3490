"""How agents, people and the system talk: messages, where they go, and who is connected."""
