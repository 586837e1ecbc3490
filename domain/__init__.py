"""Pure decisions, state and folds: no I/O, no clock, no randomness."""
