"""The HTTP API: Litestar controllers over the system; ``app`` and ``server`` are its doors.

Nothing is imported here: the live streams use its security and errors, and are served by its app.
"""
