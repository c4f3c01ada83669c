"""Layered INI configuration with includes and interpolation."""

from confine.config import Config
from confine.errors import ConfigError, InterpolationError, MissingKey, SyntaxProblem
from confine.loader import loads, read
from confine.writer import dumps

__all__ = [
    "Config",
    "ConfigError",
    "InterpolationError",
    "MissingKey",
    "SyntaxProblem",
    "dumps",
    "loads",
    "read",
]
