"""What can be wrong with a configuration."""


class ConfigError(Exception):
    """Base of every error of this package."""


class MissingKey(ConfigError, KeyError):
    """A key that nobody set, and no default."""

    def __str__(self) -> str:
        return f"no such key: {self.args[0]}"


class InterpolationError(ConfigError):
    """A ``${...}`` that cannot be replaced."""


class SyntaxProblem(ConfigError):
    """A line that is neither section, key nor comment."""

    def __init__(self, source: str, line: int, message: str) -> None:
        super().__init__(f"{source}:{line}: {message}")
        self.line = line
