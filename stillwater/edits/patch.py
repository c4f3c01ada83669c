"""The patch: a git-style unified diff, and the part of it that tells two patches apart."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

_QUOTED = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_LAST = "\\ No newline at end of file\n"


def diff(base: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What turns `base` into `new`, for `git apply`: the files of `new`, by path.

    A path that `base` doesn't have is a new file. Files that are the same leave no trace.
    """
    return "".join(
        part
        for path in sorted(new)
        if base.get(path) != new[path]
        for part in _file(path, base.get(path), new[path])
    )


def _file(path: str, old: str | None, new: str) -> Iterator[str]:
    source, target = _name(f"a/{path}"), _name(f"b/{path}")
    yield f"diff --git {source} {target}\n"
    if old is None:
        yield "new file mode 100644\n"
        if not new:
            return
    spaced = "\t" if " " in path else ""
    hunks = difflib.unified_diff(_lines(old or ""), _lines(new))
    for n, line in enumerate(hunks):
        if n == 0:
            yield f"--- {source}{spaced}\n" if old is not None else "--- /dev/null\n"
        elif n == 1:
            yield f"+++ {target}{spaced}\n"
        elif line.endswith("\n"):
            yield line
        else:
            yield f"{line}\n{_LAST}"


def _lines(text: str) -> Sequence[str]:
    # Git ends a line at "\n" alone, whatever else Python takes for an end.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _name(path: str) -> str:
    if not re.search(r'[\x00-\x1f\x7f"\\]', path):
        return path
    quoted = "".join(
        f"\\{ord(one):03o}" if ord(one) < 32 or ord(one) == 127 else one
        for one in path.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{quoted}"'


def brief(patch: str, most: int = 16) -> str:
    """A patch of `diff` without context: where it changes lines, and the first `most` of them."""
    told: list[str] = []
    changed = old = new = 0
    inside = opened = False
    for line in patch.splitlines():
        if line.startswith("diff --git "):
            inside = False
        elif found := _HUNK.match(line):
            old, new, inside, opened = int(found[1]), int(found[2]), True, False
        elif not inside:
            told += [line] * line.startswith("+++ ")
        elif line.startswith(("+", "-")):
            changed += 1
            if changed <= most:
                told += [f"@@ -{old} +{new} @@"] * (not opened) + [line]
            opened = True
            old, new = old + line.startswith("-"), new + line.startswith("+")
        elif not line.startswith("\\"):
            old, new, opened = old + 1, new + 1, False
    if changed > most:
        told.append(f"… and {changed - most} more changed lines")
    return "\n".join(told)


def normalised(patch: str) -> str:
    """The patch as its essence: the same for two that change the code in the same way.

    Both must be of one base, whose lines tell places apart. Blank lines, comments and white space
    within lines don't count; indentation does, for it is meaning in Python.
    """
    kept: list[str] = []
    head = ""
    gone: list[str] = []
    come: list[str] = []
    old = last = 0
    for line in [*patch.splitlines(), ""]:
        if line.startswith("-") and not line.startswith("--- "):
            gone.append(_essence(line[1:]))
            old += 1
            continue
        if line.startswith("+") and not line.startswith("+++ "):
            come.append(_essence(line[1:]))
            continue
        if line.startswith("\\"):
            continue
        if changed := _changed([one for one in gone if one], [one for one in come if one]):
            kept += [head] * bool(head) + [f"@ {last}", *changed]
            head = ""
        last = old if any(gone) else last
        gone, come = [], []
        if line.startswith("+++ "):
            head = line.rstrip()
        elif found := _HUNK.match(line):
            old = int(found[1]) - 1
            last = old
        else:
            old += 1
            last = old if _essence(line[1:]) else last
    return "\n".join(kept)


def _changed(gone: Sequence[str], come: Sequence[str]) -> list[str]:
    """The lines of one place of a patch, but for those that come back as they went."""
    if not gone or not come:
        return [f"-{line}" for line in gone] + [f"+{line}" for line in come]
    found: list[str] = []
    matcher = difflib.SequenceMatcher(None, gone, come, autojunk=False)
    for what, first, last, start, end in matcher.get_opcodes():
        if what != "equal":
            found += [f"-{line}" for line in gone[first:last]]
            found += [f"+{line}" for line in come[start:end]]
    return found


def _essence(line: str) -> str:
    parts = _QUOTED.split(line.expandtabs(4).rstrip())
    done = ""
    for n, part in enumerate(parts):
        if n % 2:
            done += part
            continue
        code, mark, _ = part.partition("#")
        done += code
        if mark:
            break
    body = done.strip()
    if not body:
        return ""
    inner = "".join(
        part if n % 2 else re.sub(r"\s+", " ", part) for n, part in enumerate(_QUOTED.split(body))
    )
    return done[: len(done) - len(done.lstrip())] + inner
