"""How agents compare for a task: what is known of them, what counts how much, who wins."""
