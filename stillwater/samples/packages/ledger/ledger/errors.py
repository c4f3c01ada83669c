"""What can go wrong with a journal."""


class LedgerError(Exception):
    """Base of every error of this package."""


class UnbalancedError(LedgerError):
    """The postings of a transaction do not add up to zero."""


class ParseError(LedgerError):
    """A line of a journal file could not be understood."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
