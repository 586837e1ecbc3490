"""The economy recomputed from the log by a program of its own, and compared with what is shown."""
