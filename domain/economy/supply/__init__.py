"""The supply of tokens: how they come into the world, to whom first, and out of it again."""
