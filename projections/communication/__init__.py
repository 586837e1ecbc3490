"""The read model of messages: tables, their fold and their queries."""
