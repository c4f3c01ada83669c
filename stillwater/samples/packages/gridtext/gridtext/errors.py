"""The one error of this package."""


class TableError(ValueError):
    """Rows and columns that do not fit together."""
