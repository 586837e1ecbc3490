"""Numbered plain SQL files, applied in order by ``aia_mas.application.migrations``."""
