# Written by `make client` from its asynchronous twin; changes are lost.
"""The operations of the API, as methods."""
