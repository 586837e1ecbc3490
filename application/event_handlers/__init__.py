"""Functions of users' programs that are called with events: one after the other, some for good."""
