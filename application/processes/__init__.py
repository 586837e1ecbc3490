"""To-do lists folded from the log: events in, commands out."""
