"""How long a test waits for what must come, before it fails."""

DEADLINE = 600.0
"""Seconds. What comes ends the wait, so patience costs nothing where a test passes."""
