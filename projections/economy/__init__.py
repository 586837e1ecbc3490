"""Read models of the economy."""
