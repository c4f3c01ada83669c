"""What a small model needs of a test log: the failing tests, where they failed, with what values.

Frames keep pytest's own shape, `path:line: in function` with the source line below, and errors
are `E   …` lines, whatever printed the log.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stillwater import stuck

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
# pytest shortens a long repr in its middle, which may fall into the address.
_ADDRESS = re.compile(
    r"(?<=\bat )0x[0-9a-fA-F]+|\b0x[0-9a-fA-F]{8,16}\b|(?<=\.\.\.)x?[0-9a-fA-F]{3,16}(?=>)"
)
_DURATION = re.compile(r"\b(in|took) \d+(?:\.\d+)? ?(?:ms|s|seconds?)\b(?: \(\d+:\d\d:\d\d\))?")
_TEMPORARY = re.compile(
    r"(?:/private)?(?:/tmp|/var/tmp|/var/folders/\w+/\w+/T)"
    r"/(?:pytest-of-[^/\s]+/pytest-\d+|tmp[\w-]{6,})"
)
_ROOTDIR = re.compile(r"^rootdir: ([^\s,]+)", re.MULTILINE)

_PART = re.compile(r"^=+ (FAILURES|ERRORS) =+$")
_RULE = re.compile(r"^=+ .* =+$|^=+$")
_TITLE = re.compile(r"^_+ (?!_)(.+?) _+$")
_CAPTURED = re.compile(r"^-+ Captured .* -+$")
_LOCATION = re.compile(r"^([^\s:][^:]*\.\w+):(\d+):(?: in (.+)| ?([\w.]*))$")
_DEFINED = re.compile(r"^ *(?:async )?def (\w+)\(")
_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\S+)(?: \((.+)\))?(?: .*)?$")
_GROUP = "Exception Group Traceback"
_IN_GROUP = re.compile(rf"^ *(?:\| ?|\+[-+ \d]*(?={_GROUP}|$))")
_COMPARED = re.compile(r"^(?:Expected(?: nothing)?:?|UNEXPECTED EXCEPTION: .*)$")
_PYTHON_FRAME = re.compile(r'^ +File "([^"]+)", line (\d+), in (.+)$')
_SUMMARY = re.compile(r"^(?:FAILED|ERROR) \S+")
_FOREIGN = re.compile(r"^(?:/|\.\./|<|[A-Za-z]:)|(?:^|/)(?:site-packages|dist-packages|\.venv)/")

_TESTS = 3
_FALLBACK_LINES = 20
_WIDTH = 300
_DETAILS = ((4, 14), (3, 9), (2, 6), (1, 4), (1, 2))
"""How many frames and how many error lines a test gets, tried in this order."""


@dataclass(frozen=True)
class _Report:
    """One failing test of a log: its name there, and its frames and errors as lines."""

    name: str
    frames: tuple[tuple[str, ...], ...]
    errors: tuple[str, ...]


def distil(
    log: str,
    failing: Sequence[str],
    *,
    limit: int = 1500,
    root: str = "/testbed",
    only_these: bool = False,
) -> str:
    """The first failing tests of the log, at most `limit` characters; the same for every run.

    `failing` are test ids in their order of interest; `root` is where the repository was when the
    tests ran. Where nothing of a log is recognised, its last lines. With `only_these`, no other
    test of the log is told of: where none of `failing` is recognised in it, their ids are all.
    """
    text = cleaned(log, root)
    lines = text.split("\n")
    reports = [*_pytest(lines), *_unittest(lines)]
    chosen = _chosen(reports, failing)
    if only_these:
        known = set(failing)
        chosen = [(test, report) for test, report in chosen if test in known]
        if not chosen:
            return _cut("\n".join(f"FAILED {test}" for test in failing[:_TESTS]), limit)
    if not chosen and (under_way := stuck.stuck(log, root)):
        ids = "\n".join(f"FAILED {test}" for test in failing[:_TESTS])
        return _cut(f"{ids}\n{cleaned(stuck.told(under_way), root)}", limit)
    if not chosen:
        summary = [line for line in lines if _SUMMARY.match(line) and "::" in line]
        return _cut("\n".join(dict.fromkeys(summary[:_TESTS])) or _last(lines), limit)
    more = max(0, len(failing) - len(chosen)) if failing else len(reports) - len(chosen)
    for tests in range(len(chosen), 0, -1):
        for frames, errors in _DETAILS:
            left = more + len(chosen) - tests
            told = _told(chosen[:tests], frames, errors, left)
            if len(told) <= limit:
                return told
    return _cut(_told(chosen[:1], *_DETAILS[-1], 0), limit)


def tail(log: str, limit: int, *, root: str = "/testbed") -> str:
    """The end of the log, cleaned, at most `limit` characters, from the start of a line."""
    text = cleaned(log, root).strip("\n")
    if len(text) <= limit:
        return text
    kept = text[len(text) - limit :] if limit > 0 else ""
    _, newline, rest = kept.partition("\n")
    return rest if newline and text[len(text) - limit - 1] != "\n" else kept


def cleaned(log: str, root: str = "/testbed") -> str:
    """The log without colours, control characters, and what differs from run to run."""
    text = _ESCAPES.sub("", log).replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATES.sub("?", _CONTROLS.sub("", text))
    roots = {root.rstrip("/"), *(one.rstrip("/") for one in _ROOTDIR.findall(text)[:2])}
    for one in sorted(roots, key=len, reverse=True):
        if len(one) > 1:
            text = re.sub(rf"(?<![\w./-]){re.escape(one)}(?:/|(?![\w./-]))", "", text)
    text = _TEMPORARY.sub("…", text)
    return _DURATION.sub(r"\1 …", _ADDRESS.sub("0x…", text))


def _last(lines: Sequence[str]) -> str:
    return "\n".join("\n".join(lines).strip().split("\n")[-_FALLBACK_LINES:])


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: max(0, limit - 1)].rstrip() + "…" if limit > 0 else ""


def _chosen(reports: Sequence[_Report], failing: Sequence[str]) -> list[tuple[str, _Report]]:
    """The reports to tell with the ids to tell them by: those of `failing`, or else the first."""
    found: list[tuple[str, _Report]] = []
    free = list(reports)
    for test in failing:
        report = next((one for one in free if _names(one, test)), None)
        if report is not None:
            free.remove(report)
            found.append((test, report))
        if len(found) == _TESTS:
            break
    return found or [(one.name, one) for one in reports[:_TESTS]]


def _names(report: _Report, test: str) -> bool:
    """Whether the report is the test's: by its title, and its file where the frames tell it."""
    path, _, inner = test.partition("::")
    if not inner:
        return report.name == test or _dotted(report.name) == _dotted(test)
    title = inner.replace("::", ".")
    if report.name in {f"ERROR collecting {path}", path}:
        return True
    name = re.sub(r"^(?:ERROR at \w+ of |\[doctest\] )", "", report.name)
    if name != title:
        return _dotted(name).endswith(_dotted(path.removesuffix(".py") + "." + title))
    files = {frame[0].split(":", 1)[0] for frame in report.frames}
    return not files or path in files or not any(_looks_like_test(one) for one in files)


def _dotted(test: str) -> str:
    """Any spelling of a test, such as `test_x (pkg.Case)`, as pkg.Case.test_x."""
    found = re.fullmatch(r"(\S+) \((.+)\)", test)
    if found:
        name, home = found.groups()
        return home if home.endswith(f".{name}") else f"{home}.{name}"
    return test.replace("/", ".")


def _looks_like_test(path: str) -> bool:
    return "test" in path.rsplit("/", 1)[-1]


def _told(tests: Sequence[tuple[str, _Report]], frames: int, errors: int, more: int) -> str:
    """The tests as text; tests that failed alike share one account, and no frame comes twice."""
    bodies: dict[tuple[str, ...], list[str]] = {}
    for test, report in tests:
        bodies.setdefault(tuple(_body(report, frames, errors)), []).append(test)
    said: set[str] = set()
    lines: list[str] = []
    for body, ids in bodies.items():
        lines += [f"FAILED {test}"[:_WIDTH] for test in ids]
        for part in body:
            if part not in said or part.startswith("E"):
                lines.append(part)
            said.add(part)
    if more:
        lines.append(f"… and {more} more failing")
    return "\n".join(lines)


def _body(report: _Report, frames: int, errors: int) -> Iterator[str]:
    own = list(dict.fromkeys(report.frames))
    kept = own if len(own) <= frames else [*own[:1], *own[1:][-(frames - 1) :]][:frames]
    if frames == 1 and own:
        kept = own[-1:]
    for frame in kept:
        yield "\n".join(line[:_WIDTH] for line in frame)
    yield from (line[:_WIDTH] for line in list(dict.fromkeys(report.errors))[:errors])


def _pytest(lines: Sequence[str]) -> Iterator[_Report]:
    """The reports of pytest's FAILURES and ERRORS."""
    inside, title, body = False, "", list[str]()
    for line in [*lines, "=== end ==="]:
        if part := _PART.match(line) or (_RULE.match(line) if inside else None):
            if title:
                yield _report(title, body)
            inside, title, body = bool(part.re is _PART), "", []
        elif inside and (found := _TITLE.match(line)):
            if title:
                yield _report(title, body)
            title, body = found.group(1), []
        elif inside:
            body.append(line)


def _report(title: str, body: Sequence[str]) -> _Report:
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
    return _Report(title, tuple(frames), tuple(told))


def _otherwise(title: str, frames: Sequence[tuple[str, ...]], body: Sequence[str]) -> _Report:
    """A report that pytest didn't write in its own style: tracebacks, a doctest, a message."""
    if any(_GROUP in line for line in body):
        body = [_IN_GROUP.sub("", line).replace(_GROUP, "Traceback") for line in body]
    traced = _trace(title, body)
    if traced.frames and traced.errors:
        return traced
    start = next((n for n, line in enumerate(body) if _COMPARED.match(line)), 1) - 1
    told = [line.rstrip() for line in body[start:] if line.strip() and not _LOCATION.match(line)]
    return _Report(title, tuple(frames), tuple(f"E   {line}" for line in told))


def _frame(path: str, line: str, function: str, source: str) -> tuple[str, ...]:
    head = f"{path.removeprefix('./')}:{line}: in {function}"
    return (head, f"    {source}") if source and set(source) - set("^~ ") else (head,)


def _unittest(lines: Sequence[str]) -> Iterator[_Report]:
    """The reports of unittest and of Django's runner."""
    starts = [
        n for n, line in enumerate(lines) if _UNITTEST.match(line) and n and _bar(lines[n - 1], "=")
    ]
    for start, end in pairwise([*starts, len(lines)]):
        found = _UNITTEST.match(lines[start])
        name = lines[start].partition(": ")[2] if found else ""
        yield _trace(re.sub(r"\) .*$", ")", name), _until_summary(lines[start + 1 : end]))


def _until_summary(body: Sequence[str]) -> Sequence[str]:
    bars = [n for n, line in enumerate(body) if _bar(line, "-")]
    return body[bars[0] + 1 : bars[1]] if len(bars) > 1 else body[bars[0] + 1 :] if bars else body


def _bar(line: str, mark: str) -> bool:
    return len(line) >= 60 and set(line) == {mark}


def _trace(name: str, body: Sequence[str]) -> _Report:
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
    return _Report(name, tuple(frames), tuple(errors))
