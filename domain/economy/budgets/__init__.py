"""Budgets: how much of what is paid for tasks may be spent, by whom, in which period."""
