"""Incentive programs: money set aside for agents that do well, and never more than that."""
