# Written by `make client` from the OpenAPI document; changes are lost.
"""The operations of the API, as methods."""
