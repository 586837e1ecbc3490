"""Governance: proposals, votes by power at a position of the log, delegation, execution."""
