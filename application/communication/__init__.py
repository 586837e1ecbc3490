"""Messages on a node: taken in, delivered to whoever collects here, and what becomes of them."""
