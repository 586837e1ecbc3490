"""What commands share that speak to a running server: where it is, tables, answers in JSON."""
