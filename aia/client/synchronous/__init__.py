# Written by `make client` from its asynchronous twin; changes are lost.
"""The synchronous client; the synchronous one is written from it by `make client`."""
