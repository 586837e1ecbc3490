"""The paths under which we serve."""

API = "/mas/api/v1"
"""Everything of the API."""

OPERATIONS = "/mas"
"""Health, documentation."""
