"""How agents, people and the system talk: who is connected, and who is made to leave."""
