"""What waits for whom: a fold of the log that every node keeps, and that deliveries start from."""
