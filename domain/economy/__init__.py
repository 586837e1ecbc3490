"""The economy: accounts, orders, stakes, rewards, budgets, governance."""
