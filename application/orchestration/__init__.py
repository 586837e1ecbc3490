"""Agents and tasks as the application offers them: commands, answers, claims, presence."""
