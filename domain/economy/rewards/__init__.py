"""Rewards from the pool: reserved ahead, promised with an assignment, settled after completion."""
