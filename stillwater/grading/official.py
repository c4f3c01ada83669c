"""The official log parsers: the registry of the `swebench` package, an extra imported when used."""

import warnings
from types import SimpleNamespace

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from swebench.harness.log_parsers import PARSER_REGISTRY

from stillwater.errors import InputError

PREFIX = "parse_log_"


def parse(name: str, log: str) -> dict[str, str]:
    """The status of each test, by the official parser `name` (with or without `parse_log_`).

    Raises:
        InputError: the package knows no such parser.
    """
    full = name if name.startswith(PREFIX) else PREFIX + name
    if full not in PARSER_REGISTRY:
        known = ", ".join(sorted(known.removeprefix(PREFIX) for known in PARSER_REGISTRY))
        raise InputError(f"there is no log parser {name!r}; the official ones: {known}")
    # The parsers of the Python repositories take the specification and don't look at it.
    statuses: dict[str, str] = PARSER_REGISTRY[full](log, SimpleNamespace())
    return statuses
