"""Right patches written as a model would write them, and then damaged as models do."""

import difflib
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from stillwater.edits.syntax import Definition, Function, definitions, parse


@dataclass(frozen=True)
class Block:
    """New text for the lines first to last of a file; `whole` if it is a definition."""

    path: str
    first: int
    last: int
    old: tuple[str, ...]
    code: tuple[str, ...]
    whole: bool


def blocks(path: str, old: str, new: str) -> list[Block]:
    """What turns `old` into `new`: the definitions that change, whole, and the lines outside."""
    was, becomes = old.split("\n"), new.split("\n")
    had, has = _outer(old), _outer(new)
    found: dict[tuple[int, int], Block] = {}
    matcher = difflib.SequenceMatcher(None, was, becomes, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        before, after = _around(had, i1 + 1, max(i2, i1 + 1)), _around(has, j1 + 1, max(j2, j1 + 1))
        if before and after and _label(before) == _label(after):
            first, last = before.first, before.last
            code, whole = becomes[after.first - 1 : after.last], True
        else:
            first, last = (i1 + 1, i2) if i2 > i1 else (max(i1, 1), max(i1, 1))
            code, whole = becomes[j1:j2], False
            if i2 == i1:
                code = [*was[first - 1 : last], *code] if i1 else [*code, *was[:1]]
            if not any(line.strip() for line in code):  # lines that only go
                first, last = max(1, first - 1), min(len(was), last + 1)
                code = becomes[max(0, j1 - 1) : j2 + 1]
        found[first, last] = Block(
            path, first, last, tuple(was[first - 1 : last]), tuple(code), whole
        )
    inside = [
        one
        for one in found.values()
        if any(
            two.whole and two is not one and two.first <= one.first <= two.last
            for two in found.values()
        )
    ]
    return [one for one in found.values() if one not in inside]


def _outer(text: str) -> list[Definition]:
    tree = parse(text)
    return [
        one
        for one in (definitions(tree) if tree else ())
        if isinstance(one.node, Function)
        and not any(isinstance(owner, Function) for owner in one.owners)
    ]


def _around(among: Sequence[Definition], first: int, last: int) -> Definition | None:
    return next((one for one in among if one.first <= first and last <= one.last), None)


def _label(one: Definition) -> tuple[str, ...]:
    return (*(owner.name for owner in one.owners), one.name)


Damage = Callable[[Sequence[Block], Mapping[str, str], Mapping[str, str]], str | None]
"""From the blocks, the old files and the new to an answer; None where it can't be made."""


def answer(found: Sequence[Block]) -> str:
    """The blocks just as they are asked for."""
    return "\n".join(map(_written, found))


def _written(one: Block) -> str:
    code = "\n".join(one.code)
    return (
        f"FILE: {one.path}\nLINES: {one.first}-{one.last}\nREASONING: It is wrong.\n"
        f"```python\n{code}\n```\n"
    )


def none(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """No damage."""
    return answer(found)


def prose(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """Words around, and a bold header."""
    text = answer(found).replace("FILE: ", "**FILE:** ").replace("REASONING:", "### Reasoning:")
    return f"Sure! Here is the repair.\n\n{text}\nThis resolves the issue: all is well now."


def prefixed(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """Paths as from a diff."""
    return answer([replace(one, path=f"a/{one.path}") for one in found])


def unfenced(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """No fences; only of definitions, since other lines can't be told from prose."""
    if not all(one.whole for one in found):
        return None
    return answer(found).replace("```python\n", "").replace("```\n", "")


def numbered(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """Line numbers copied into the code."""
    return answer(
        [
            replace(one, code=tuple(f"{n:>4}|{line}" for n, line in enumerate(one.code, one.first)))
            for one in found
        ]
    )


def dedented(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """The common indentation of each block lost."""
    return answer(
        [
            replace(one, code=tuple(textwrap.dedent("\n".join(one.code)).split("\n")))
            if one.whole
            else one
            for one in found
        ]
    )


def off(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """LINES three too far, of definitions."""
    return answer(
        [
            replace(one, first=one.first + 3, last=one.last + 3) if one.whole else one
            for one in found
        ]
    )


def unlined(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """No LINES at all; only of definitions."""
    if not all(one.whole for one in found):
        return None
    lines = answer(found).split("\n")
    return "\n".join(line for line in lines if not line.startswith("LINES: "))


def windows(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """The line ends of another system."""
    return answer(found).replace("\n", "\r\n")


def search(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """Search and replace, of definitions."""
    if not all(one.whole for one in found):
        return None
    return "\n".join(
        f"{one.path}\n```python\n<<<<<<< SEARCH\n" + "\n".join(one.old) + "\n=======\n"
        + "\n".join(one.code) + "\n>>>>>>> REPLACE\n```\n"
        for one in found
    )  # fmt: skip


def diff(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """A unified diff whose numbers are wrong by two."""
    parts = []
    for path in new:
        lines = difflib.unified_diff(
            old[path].splitlines(True), new[path].splitlines(True), f"a/{path}", f"b/{path}"
        )
        parts += [_misnumbered(line) for line in lines]
    return "```diff\n" + "".join(parts) + "```\n"


def _misnumbered(line: str) -> str:
    if not line.startswith("@@ -"):
        return line
    start = re.match(r"@@ -(\d+)", line)
    number = int(start[1]) + 2 if start else 1
    return f"@@ -{number},9 +{number},9 @@\n"


def whole(found: Sequence[Block], old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """The whole files."""
    return "\n".join(
        f"FILE: {path}\nLINES: 1-{len(text.splitlines())}\nREASONING: r\n```python\n{text}```\n"
        for path, text in new.items()
    )


DAMAGES: Mapping[str, Damage] = {
    one.__name__: one
    for one in (
        none, prose, prefixed, unfenced, numbered, dedented, off, unlined, windows, search, diff,
        whole,
    )
}  # fmt: skip


def answers(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each damage that can be done to the answer that turns `old` into `new`, by its name."""
    found = [one for path in new for one in blocks(path, old[path], new[path])]
    for name, damage in DAMAGES.items():
        text = damage(found, old, new)
        if text is not None:
            yield name, text
