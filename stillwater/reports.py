"""The failing tests that a log tells of, by whichever runner printed it."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from stillwater import testids

_PART = re.compile(r"^=+ (FAILURES|ERRORS) =+$")
_RULE = re.compile(r"^=+ (?=.*[^\W_]).* =+$")
"""A line of pytest's own: it always says something, other than the rule of a table."""
_TITLE = re.compile(r"^_+ (?!_)(.+?) _+$")
_PREFIX = re.compile(r"^(?:ERROR at \w+ of |\[doctest\] )")
_SYMPY = re.compile(r"^_* (\S+\.py)(?:::?(\w+))? _*$")
_FINISHED = re.compile(r"[= ]*tests finished: \d")
"""How SymPy's summary begins, with bars around it or, where it is long, without."""
_CAPTURED = re.compile(r"^-+ Captured .* -+$")
_LOCATION = re.compile(r"^([^\s:][^:]*\.\w+):(\d+):(?: in (.+)| ?([\w.]*))$")
_DEFINED = re.compile(r"^ *(?:async )?def (\w+)\(")
_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\S+)(?: \((.+)\))?(?: .*)?$")
_RESULT = re.compile(r"(.+?) \.\.\. +(?:ok|OK|FAIL|ERROR|skipped|expected failure|unexpected).*")
_WHOLE = re.compile(
    r"(?:setUp|tearDown)(?:Class|Module) \((?P<held>[\w.]+)\)"
    r"|(?P<module>[\w.]+) \(unittest\.loader\._FailedTest\b.*\)"
)
"""What of unittest stands for all tests of a class or module: its set-up, its import."""
_GROUP = "Exception Group Traceback"
_IN_GROUP = re.compile(rf"^ *(?:\| ?|\+[-+ \d]*(?={_GROUP}|$))")
_COMPARED = re.compile(r"^(?:Expected(?: nothing)?:?|UNEXPECTED EXCEPTION: .*)$")
_PYTHON_FRAME = re.compile(r'^ +File "([^"]+)", line (\d+), in (.+)$')
_FOREIGN = re.compile(r"^(?:/|\.\./|<|[A-Za-z]:)|(?:^|/)(?:site-packages|dist-packages|\.venv)/")


@dataclass(frozen=True)
class Report:
    """One failing test of a log: its name there, and its frames and errors as lines.

    `said` is the first line of its docstring where unittest tells it, which may be its id.
    """

    name: str
    frames: tuple[tuple[str, ...], ...]
    errors: tuple[str, ...]
    said: str = ""


def reports(lines: Sequence[str], failing: Sequence[str] = ()) -> list[Report]:
    """The failing tests of a cleaned log's lines, in its order; those asked for at least.

    What a test printed may itself be the log of a pytest: between that and the next test only the
    titles of `failing` tell.
    """
    wanted = {part for test in failing for part in (_function(test), test.partition("::")[0])}
    return [*_pytest(lines, wanted), *_unittest(lines), *_sympy(lines)]


def described(lines: Sequence[str]) -> dict[str, str]:
    """The tests of a log of unittest by the first lines of their docstrings.

    Of several with the same line those that failed count first, as everywhere in a log.
    """
    known = {one.said: one.name for one in reversed(list(_unittest(lines))) if one.said}
    for name, said in pairwise(lines):
        if testids.case(name) and (found := _RESULT.fullmatch(said)):
            known.setdefault(found[1].strip(), name)
    return known


def names(report: Report, test: str) -> bool:
    """Whether the report is the test's: by its title, and its file where the frames tell it."""
    path, _, inner = test.partition("::")
    if whole := _WHOLE.fullmatch(report.name):
        return _is_below(_dotted(test), whole["held"] or whole["module"], report)
    if not inner:
        return test in {report.name, report.said} or _dotted(report.name) == _dotted(test)
    label, bracket, values = inner.partition("[")
    title = label.replace("::", ".") + bracket + values
    if report.name in {f"ERROR collecting {path}", path}:
        return True
    name = _PREFIX.sub("", report.name)
    if title.count("[") > title.count("]"):
        # Data sets cut ids at their first blank.
        name = name.partition(" ")[0]
    if name != title:
        return _dotted(name).endswith(_dotted(path.removesuffix(".py") + "." + title))
    files = {frame[0].split(":", 1)[0] for frame in report.frames}
    return not files or path in files or not any(_looks_like_test(one) for one in files)


def _is_below(test: str, whole: str, report: Report) -> bool:
    """Whether the class or module holds the test.

    Of a module that it can't import unittest may tell only the last part of its name; then the
    frames tell the file.
    """
    if test.startswith(f"{whole}."):
        return True
    module = test.rsplit(".", 2)[0]
    paths = (frame[0].partition(":")[0].removesuffix(".py") for frame in report.frames)
    return module.endswith(f".{whole}") and any(
        f".{_dotted(path)}".endswith(f".{module}") for path in paths
    )


def is_made_by(test: str, path: str, function: str) -> bool:
    """Whether a call of this function of this file may be the test of this id."""
    home = test.partition("::")[0] if "::" in test else path
    return _function(test) == function and home == path


def _function(test: str) -> str:
    """The function of an id, or of the title of a report."""
    plain = re.split(r"[ \[(]", _PREFIX.sub("", test))[0]
    return re.split(r"::|\.", plain)[-1]


def frame_of(line: str) -> tuple[str, int, str] | None:
    """The path, line and function of a line of a plain traceback."""
    found = _PYTHON_FRAME.match(line)
    return (found[1], int(found[2]), found[3]) if found else None


def _dotted(test: str) -> str:
    """Any spelling of a test, such as `test_x (pkg.Case)`, as pkg.Case.test_x."""
    found = re.fullmatch(r"(\S+) \((.+)\)", test)
    if found:
        name, home = found.groups()
        return home if home.endswith(f".{name}") else f"{home}.{name}"
    return test.replace("/", ".")


def _looks_like_test(path: str) -> bool:
    return "test" in path.rsplit("/", 1)[-1]


def _pytest(lines: Sequence[str], wanted: Collection[str]) -> Iterator[Report]:
    """The reports of pytest's FAILURES and ERRORS that say anything."""
    for title, body in _sections(lines, wanted):
        report = _report(title, body)
        if report.frames or report.errors:
            yield report


def _sections(lines: Sequence[str], wanted: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    inside, printed, title, body = False, False, "", list[str]()
    for line in lines:
        found = _TITLE.match(line) if inside or printed else None
        part = _PART.match(line) or (_RULE.match(line) if inside else None)
        if printed and not (found and _is_of(found[1], wanted)):
            continue
        if not found and not part:
            body.append(line)
            printed = bool(wanted) and _CAPTURED.match(line) is not None
            continue
        if title:
            yield title, body
        inside = found is not None or (part is not None and part.re is _PART)
        printed, title, body = False, found[1] if found else "", []
    if title:
        yield title, body


def _is_of(title: str, wanted: Collection[str]) -> bool:
    return title.removeprefix("ERROR collecting ") in wanted or _function(title) in wanted


def _report(title: str, body: Sequence[str]) -> Report:
    frames: list[tuple[str, ...]] = []
    errors: list[str] = []
    source, function = "", ""
    captured = next((n for n, line in enumerate(body) if _CAPTURED.match(line)), len(body))
    body = body[:captured]
    for n, line in enumerate(body):
        if line.startswith(">"):
            source = line[1:].strip()
        elif found := _DEFINED.match(line):
            function = found.group(1)
        elif line.startswith("E ") and line[1:].strip():
            errors.append(line[1:].rstrip())
        elif found := _LOCATION.match(line):
            path, number, named, _ = found.groups()
            below = body[n + 1] if n + 1 < len(body) else ""
            shown = below.strip() if named and below.startswith("    ") else source
            if not _FOREIGN.search(path):
                frames.append(_frame(path, number, named or function or "<module>", shown))
            source, function = "", ""
    if not errors:
        return _otherwise(title, frames, body)
    margin = min((len(line) - len(line.lstrip()) for line in errors), default=0)
    told = [f"E   {line[margin:]}" for line in errors if "Use -v to get" not in line]
    return Report(title, tuple(frames), tuple(told))


def _otherwise(title: str, frames: Sequence[tuple[str, ...]], body: Sequence[str]) -> Report:
    """A report that pytest didn't write in its own style: tracebacks, a doctest, a message."""
    if any(_GROUP in line for line in body):
        body = [_IN_GROUP.sub("", line).replace(_GROUP, "Traceback") for line in body]
    traced = _trace(title, body)
    if traced.frames and traced.errors:
        return traced
    start = next((n for n, line in enumerate(body) if _COMPARED.match(line)), 1) - 1
    told = [line.rstrip() for line in body[start:] if line.strip() and not _LOCATION.match(line)]
    return Report(title, tuple(frames), tuple(f"E   {line}" for line in told))


def _frame(path: str, line: str, function: str, source: str) -> tuple[str, ...]:
    head = f"{path.removeprefix('./')}:{line}: in {function}"
    return (head, f"    {source}") if source and set(source) - set("^~ ") else (head,)


def _unittest(lines: Sequence[str]) -> Iterator[Report]:
    """The reports of unittest and of Django's runner."""
    starts = [
        n for n, line in enumerate(lines) if _UNITTEST.match(line) and n and _bar(lines[n - 1], "=")
    ]
    for start, end in pairwise([*starts, len(lines)]):
        found = _UNITTEST.match(lines[start])
        name = lines[start].partition(": ")[2] if found else ""
        # Above the next one is a bar of its own.
        body = lines[start + 1 : end - (end < len(lines))]
        traced = _trace(re.sub(r"\) .*$", ")", name), _until_summary(body))
        said = lines[start + 1] if start + 1 < end else ""
        yield replace(traced, said="" if _bar(said, "-") else said.strip())


def _sympy(lines: Sequence[str]) -> Iterator[Report]:
    """The reports of SymPy's own runner, by their functions, which stand under a line of `_`."""
    starts = [n for n in range(1, len(lines)) if _bar(lines[n - 1], "_") and _SYMPY.match(lines[n])]
    for start, end in pairwise([*starts, len(lines)]):
        found = _SYMPY.match(lines[start])
        name = found[2] or found[1] if found else ""
        yield _trace(name, list(takewhile(_goes_on, lines[start + 1 : end])))


def _goes_on(line: str) -> bool:
    return not (_RULE.match(line) or _bar(line, "_") or _FINISHED.match(line))


def _until_summary(body: Sequence[str]) -> Sequence[str]:
    bars = [n for n, line in enumerate(body) if _bar(line, "-")]
    return body[bars[0] + 1 : bars[1]] if len(bars) > 1 else body[bars[0] + 1 :] if bars else body


def _bar(line: str, mark: str) -> bool:
    return len(line) >= 60 and set(line) == {mark}


def _trace(name: str, body: Sequence[str]) -> Report:
    """A report from plain Python tracebacks."""
    frames: list[tuple[str, ...]] = []
    errors: list[str] = []
    telling = False
    for n, line in enumerate(body):
        if found := _PYTHON_FRAME.match(line):
            path, number, function = found.groups()
            below = body[n + 1].strip() if n + 1 < len(body) else ""
            if not _FOREIGN.search(path):
                frames.append(_frame(path, number, function, below))
            telling = False
        elif re.match(r"^[\w.]+(?:Error|Exception|Warning|Failure|Exit|Interrupt)?(?::|$)", line):
            telling = bool(line.strip())
        elif line.startswith(("Traceback (", "The above exception", "During handling")):
            telling = False
        if telling and line.strip():
            errors.append(f"E   {line}")
    return Report(name, tuple(frames), tuple(errors))
