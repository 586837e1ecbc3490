"""The doors to the system, and the composition root behind them."""
