"""Commands in, events out: load the state, decide, append."""
