"""Reading test logs: pytest's and an exit status here, every other by the `swebench` package."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

from stillwater.errors import InputError, installing

EXIT_STATUS = "exit"
EXIT_TEST = "exit status is 0"
STATUSES = ("PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL")
USUAL_EVAL_TYPE = "pass_and_fail"

_COUNT = re.compile(r"\[\d+\]")
_LOGGED = re.compile(r"ERROR {2,}")
"""How pytest begins a log record that it captured: its format pads the level to 8 characters."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class GradingError(InputError):
    """The log can't be read as asked: no such parser, or the extra that has it is missing."""


@dataclass(frozen=True)
class Reading:
    """The status of each test that a log names.

    `problem` says why the log describes no run of the tests, None where it does. `eval_type` is the
    official harness's, where its functions judge; None where ours do. `environment` names
    trouble with the environment that the log shows, in the harness's classification.
    """

    tests: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    eval_type: str | None = None
    environment: str | None = None


@dataclass(frozen=True)
class Printed:
    """What a test run printed, and how it ended: `stopped` names the limit that ended it.

    `marked` says that an evaluation script printed it, with the harness's markers.
    """

    log: str
    exit_code: int | None = None
    stopped: str | None = None
    marked: bool = False


def check(name: str | None, eval_type: str | None = None) -> None:
    """Raise GradingError if there is no log parser, or no eval_type, of this name."""
    if not _is_ours(name, eval_type):
        official = load_official(f"the log parser {name!r}")
        official.parser(str(name or "pytest"))
        official.check_eval_type(eval_type or USUAL_EVAL_TYPE)


def read(printed: Printed, name: str | None, eval_type: str | None = None) -> Reading:
    """What the log says of each test; `name` is the official parser's (None: pytest's).

    Raises:
        GradingError: no such parser, or the extra `swebench` is missing.
    """
    log, code = printed.log, printed.exit_code
    if name == EXIT_STATUS:
        passed = code == 0 and printed.stopped is None
        return Reading({EXIT_TEST: "PASSED" if passed else "FAILED"}, _stopped(printed))
    if _is_ours(name, eval_type) and not printed.marked:
        tests = _pytest(log)
        return Reading(tests, _stopped(printed) or _problem(tests, code))
    official = load_official(f"the log parser {name!r}")
    whole = log if printed.marked else official.marked(log, code)
    tests, ran = official.statuses(name or "pytest", whole)
    problem = _stopped(printed)
    if problem is None and not ran:
        problem = "the tests did not run to their end, or their log does not say what they found"
    environment = None if printed.stopped else official.environment_failure(log)
    return Reading(tests, problem, eval_type or USUAL_EVAL_TYPE, environment)


def load_official(what: str) -> ModuleType:
    """The module that needs the extra; GradingError names `what` if it isn't installed."""
    try:
        from stillwater.grading import official
    except ImportError as error:
        raise GradingError(f"{what} needs an extra, {installing('swebench')}") from error
    return official


def _is_ours(name: str | None, eval_type: str | None) -> bool:
    return name == EXIT_STATUS or (
        name in {None, "pytest", "parse_log_pytest"} and eval_type in {None, USUAL_EVAL_TYPE}
    )


def _stopped(printed: Printed) -> str | None:
    return f"the tests were stopped ({printed.stopped})" if printed.stopped else None


def _problem(tests: Mapping[str, str], exit_code: int | None) -> str | None:
    """As get_logs_eval sees it: no status at all, or a failure that no test admits to."""
    if not tests:
        return "the log names no test"
    if exit_code not in {None, 0} and not {"FAILED", "ERROR"} & set(tests.values()):
        return f"no test failed, yet the exit code is {exit_code}"
    return None


def _pytest(log: str) -> dict[str, str]:
    """The summary that `pytest -rA` prints.

    Ids end at the first blank and `SKIPPED [n]` names no test: that is how the official
    parse_log_pytest reads them, and what the ids in the datasets were made with. It takes a
    captured log record for a test too, whose ERROR would excuse any exit code.
    """
    found: dict[str, str] = {}
    for line in log.splitlines():
        words = _ESCAPES.sub("", line).split()
        if len(words) < 2 or words[0] not in STATUSES or not line.startswith(STATUSES):
            continue
        if _LOGGED.match(line):
            continue
        if words[0] != "SKIPPED" or not _COUNT.fullmatch(words[1]):
            found[words[1]] = words[0]
    return found
