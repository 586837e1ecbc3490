"""Who may come in: tokens that are refused before their time is over."""
