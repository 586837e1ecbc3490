"""Agents, tasks, and the fleet that brings them together."""
