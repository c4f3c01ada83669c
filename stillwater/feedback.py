"""What a small model needs of a test log: the failing tests, where they failed, with what values.

Frames keep pytest's own shape, `path:line: in function` with the source line below, and errors
are `E   …` lines, whatever printed the log.
"""

import re
from collections.abc import Iterator, Sequence

from stillwater import stuck
from stillwater.edits.paths import is_test
from stillwater.reports import Report, described, frame_of, is_made_by, names, reports

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

_CRASH = re.compile(r"(?:^|INTERNALERROR> )(?:Traceback \(most|ImportError while loading conftest)")
_VERDICT = re.compile(
    r"^(?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b|\.py(?:::|\[\d+\] | [.FEsxX]+\b)|^\(no name "
    r"|\.\.\. +(?:ok|FAIL|ERROR|skipped|expected failure)|^test_\w+ (?:ok|[FEfXswT])\b",
    re.IGNORECASE,
)
_SUMMARY = re.compile(r"^(?:FAILED|ERROR) \S+")

_TESTS = 3
_FALLBACK_LINES = 20
_WIDTH = 300
_DETAILS = ((4, 14), (3, 9), (2, 6), (1, 4), (1, 2))
"""How many frames and how many error lines a test gets, tried in this order."""


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
    test of the log is told of: where none of `failing` is recognised in it, their ids are all, and
    where it has no reports at all, what kept the tests from running.
    """
    lines = cleaned(log, root).split("\n")
    found = reports(lines, failing)
    chosen = _asked_for(found, failing)
    if not chosen:
        found = reports(lines)
    if not chosen and not only_these:
        chosen = [(one.name, one) for one in found[:_TESTS]]
    if not chosen and not (only_these and found):
        return _without_reports(stuck.stuck(log, root), lines, failing, limit, root, only_these)
    if not chosen:
        return _cut(_ids(failing), limit)
    more = max(0, len(failing) - len(chosen)) if failing else len(found) - len(chosen)
    for tests in range(len(chosen), 0, -1):
        for frames, errors in _DETAILS:
            left = more + len(chosen) - tests
            told = _told(chosen[:tests], frames, errors, left)
            if len(told) <= limit:
                return told
    return _cut(_told(chosen[:1], *_DETAILS[-1], 0), limit)


def _without_reports(
    under_way: Sequence[stuck.Frame],
    lines: Sequence[str],
    failing: Sequence[str],
    limit: int,
    root: str,
    only_these: bool,
) -> str:
    """What is told of a log without reports: where the tests are stuck, or how it ends."""
    if under_way and not (only_these and _is_of_others(under_way, failing)):
        return _cut(f"{_ids(failing)}\n{cleaned(stuck.told(under_way), root)}", limit)
    if only_these:
        ids = _ids(failing)
        return _cut(f"{ids}\n{_end(_crash(lines, failing), limit - len(ids) - 1)}".strip(), limit)
    summary = [line for line in lines if _SUMMARY.match(line) and "::" in line]
    told = "\n".join(dict.fromkeys(summary[:_TESTS]))
    return _cut(told, limit) if told else _end(_last(lines), limit)


def _ids(failing: Sequence[str]) -> str:
    return "\n".join(f"FAILED {test}" for test in failing[:_TESTS])


def _crash(lines: Sequence[str], failing: Sequence[str]) -> str:
    """The traceback that the log ends with, "" where other tests may have printed it."""
    starts = [n for n, line in enumerate(lines) if _CRASH.search(line)]
    last = lines[starts[-1] :] if starts else ()
    frames = [stuck.Frame(*found) for line in last if (found := frame_of(line))]
    told = any(_VERDICT.search(line) for line in last) or _is_of_others(frames, failing)
    return "" if told else _last(last)


def _is_of_others(frames: Sequence[stuck.Frame], failing: Sequence[str]) -> bool:
    """Whether a test made one of the calls that is none of `failing`."""
    return any(
        is_test(one.path)
        and one.function.startswith("test")
        and not any(is_made_by(test, one.path, one.function) for test in failing)
        for one in frames
    )


def tail(log: str, limit: int, *, root: str = "/testbed") -> str:
    """The end of the log, cleaned, at most `limit` characters, from the start of a line."""
    return _end(cleaned(log, root).strip("\n"), limit)


def by_name(tests: Sequence[str], log: str) -> list[str]:
    """The tests; those that are a docstring's first line, as Django's may be, by their names.

    The log of unittest tells which test a line describes: `test_x (a.T)`.
    """
    if all("::" in test for test in tests):
        return list(tests)
    known = described(cleaned(log).split("\n"))
    return [known.get(test, test) for test in tests]


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


def _end(text: str, limit: int) -> str:
    """Its end, at most `limit` characters, from the start of a line."""
    if len(text) <= limit:
        return text
    kept = text[len(text) - limit :] if limit > 0 else ""
    _, newline, rest = kept.partition("\n")
    return rest if newline and text[len(text) - limit - 1] != "\n" else kept


def _last(lines: Sequence[str]) -> str:
    last = "\n".join(lines).strip().split("\n")[-_FALLBACK_LINES:]
    return "\n".join(line[:_WIDTH] for line in last)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: max(0, limit - 1)].rstrip() + "…" if limit > 0 else ""


def _asked_for(reported: Sequence[Report], failing: Sequence[str]) -> list[tuple[str, Report]]:
    """The reports to tell of `failing`, with the ids to tell them by."""
    found: list[tuple[str, Report]] = []
    free = list(reported)
    for test in failing:
        report = next((one for one in free if names(one, test)), None)
        if report is not None:
            free.remove(report)
            found.append((test, report))
        if len(found) == _TESTS:
            break
    return found


def _told(tests: Sequence[tuple[str, Report]], frames: int, errors: int, more: int) -> str:
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


def _body(report: Report, frames: int, errors: int) -> Iterator[str]:
    own = list(dict.fromkeys(report.frames))
    kept = own if len(own) <= frames else [*own[:1], *own[1:][-(frames - 1) :]][:frames]
    if frames == 1 and own:
        kept = own[-1:]
    for frame in kept:
        yield "\n".join(line[:_WIDTH] for line in frame)
    yield from (line[:_WIDTH] for line in list(dict.fromkeys(report.errors))[:errors])
