"""Runs the domain: the event log, the engine and the processes."""
