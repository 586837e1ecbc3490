"""Tokens and tickets as the application keeps them: revocations in memory, tickets in a table."""
