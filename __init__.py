"""AIA MAS: an event-sourced backend for multi-agent systems."""

__version__ = "0.1.0"
