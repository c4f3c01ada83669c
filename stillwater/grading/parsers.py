"""Reading test logs: pytest's and an exit status here, every other by the `swebench` package."""

import re
from collections.abc import Mapping

from stillwater.errors import InputError

EXIT_STATUS = "exit"
EXIT_TEST = "exit status is 0"
STATUSES = ("PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS")

_COUNT = re.compile(r"\[\d+\]")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class GradingError(InputError):
    """The log can't be read as asked: no such parser, or the extra that has it is missing."""


def check(name: str | None) -> None:
    """Raise GradingError if there is no log parser of this name."""
    if name not in {None, "pytest", EXIT_STATUS}:
        _official(str(name))


def parse(name: str | None, log: str, exit_code: int | None) -> dict[str, str]:
    """The status of each test in a log; `name` is the official parser's (None: pytest's).

    Raises:
        GradingError: no such parser, or the extra `swebench` is missing.
    """
    if name == EXIT_STATUS:
        return {EXIT_TEST: "PASSED" if exit_code == 0 else "FAILED"}
    if name in {None, "pytest"}:
        return _pytest(log)
    return dict(_official(str(name), log))


def _pytest(log: str) -> dict[str, str]:
    """The summary that `pytest -rA` prints.

    Ids end at the first blank and `SKIPPED [n]` names no test: that is how the official
    parse_log_pytest reads them, and what the ids in the datasets were made with.
    """
    found: dict[str, str] = {}
    for line in log.splitlines():
        words = _ESCAPES.sub("", line).split()
        if len(words) < 2 or words[0] not in STATUSES or not line.startswith(STATUSES):
            continue
        if words[0] != "SKIPPED" or not _COUNT.fullmatch(words[1]):
            found[words[1]] = words[0]
    return found


def _official(name: str, log: str = "") -> Mapping[str, str]:
    try:
        from stillwater.grading import official
    except ImportError as error:
        raise GradingError(
            f"the log parser {name!r} needs the extra: pip install 'stillwater[swebench]'"
        ) from error
    return official.parse(name, log)
