"""Stillwater makes small local models repair real bugs: a persisted state machine for each bug."""

__version__ = "0.1.0"
