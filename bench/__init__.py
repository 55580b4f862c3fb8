"""Measurements of what the README states; ``python -m bench`` runs them. Nothing here passes or fails."""
