"""The economy as the engine carries it out: handlers, to-do lists, configuration."""
