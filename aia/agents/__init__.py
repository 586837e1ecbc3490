"""The Python API of the integration guide."""
