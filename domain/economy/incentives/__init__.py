"""Incentive programs: money set aside for agents that do well, paid by rules, never more than that."""
