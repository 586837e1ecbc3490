"""Read models of the economy: tables, their folds and their queries."""
