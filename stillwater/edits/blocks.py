"""Finding the blocks of an answer: which code belongs to which FILE, LINES and REASONING."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from stillwater.edits import beside, forms, headers
from stillwater.edits.fences import Fence, fence_at
from stillwater.edits.fragments import is_part
from stillwater.edits.prose import is_code, without_prose
from stillwater.edits.syntax import defines
from stillwater.edits.text import trimmed

QUOTE = "quoted old code left out"
_QUOTED = re.compile(
    r"\b(?:original|before|current|currently|old|buggy|wrong|faulty|incorrect)\b", re.IGNORECASE
)
_FIXED = re.compile(
    r"\b(?:corrected|fixed|updated|revised|new)(?:\s+`[^`]+`)?\s+"
    r"(?:version|code|function|method|class|definition|implementation)\b",
    re.IGNORECASE,
)
_BECOMING = re.compile(
    r"\b(?:with|to|into|by|be|follows)"
    r"(?:\s+(?:this|the\s+(?:following|corrected|fixed|new)\b.*))?[\s*_]*:[\s*_]*$",
    re.IGNORECASE,
)
"""How a sentence ends that says what the old code becomes."""

_MORE = re.compile(r"\b(?:also|too|same|likewise|similar(?:ly)?|another|other)\b", re.IGNORECASE)
"""What a sentence says that announces a change of its own."""
_MOST = 50
"""Blocks under one FILE that are compared with each other."""


@dataclass(frozen=True)
class Block:
    """One piece of code with what is said about it; `ahead` is the line of prose before it."""

    path: str
    lines: tuple[int, int] | None
    reasoning: str
    code: tuple[str, ...]
    language: str = ""
    ahead: str = ""

    @property
    def is_replacing(self) -> bool:
        """Whether it says what is to be replaced by what, rather than to be code."""
        return forms.is_replacing(self.code, self.language)


@dataclass(frozen=True)
class _Text:
    line: str


_Item = headers.Header | Fence | _Text


def blocks(text: str, notes: list[str], known: Collection[str] = frozenset()) -> list[Block]:
    """The blocks in their order; what had to be forgiven goes to `notes`.

    `known` are lines of the files that the model saw, without indentation.
    """
    found: list[Block] = []
    path = ""
    for segment in _segments(_items(text.split("\n"), notes)):
        head = segment[0] if segment else None
        if isinstance(head, headers.Header) and head.kind == "file":
            path, rest = headers.path_of(head.value)
            if not head.plain or path != head.value:
                notes.append("FILE made plain")
            if rest and (more := headers.header(rest if ":" in rest else _colon(rest))):
                segment[0] = more
        if any(isinstance(item, Fence) for item in segment):
            found.extend(_without_parts(list(_fenced(path, segment, notes, known)), notes))
        elif path:
            found.extend(_unfenced(path, segment, notes))
    return found


def _colon(rest: str) -> str:
    word, _, value = rest.partition(" ")
    return f"{word}: {value}"


def _items(lines: Sequence[str], notes: list[str]) -> Iterator[_Item]:
    at = 0
    while at < len(lines):
        fence = fence_at(lines, at)
        if fence is None:
            head = headers.header(lines[at])
            yield head if head else _Text(lines[at])
            at += 1
            continue
        at = fence.end
        if not fence.closed:
            notes.append("fence completed")
        if fence.said:
            notes.append("keywords taken out of the fence")
        yield from (headers.header(line) or _Text(line) for line in fence.said)
        if trimmed(fence.code) or (fence.closed and not fence.said):
            yield fence


def _segments(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    segment: list[_Item] = []
    for item in items:
        if isinstance(item, headers.Header) and item.kind == "file":
            yield segment
            segment = []
        segment.append(item)
    yield segment


@dataclass
class _Said:
    """What has been said since the last code."""

    lines: tuple[int, int] | None = None
    reasoning: list[str] | None = None
    last: str = ""

    def hear(self, item: headers.Header | _Text, notes: list[str]) -> None:
        if isinstance(item, _Text):
            if self.reasoning is not None:
                self.reasoning.append(item.line)
            self.last = item.line if item.line.strip() else self.last
            return
        if item.kind == "lines":
            self.lines = headers.range_of(item.value)
            if not re.fullmatch(r"\d+\s*-\s*\d+", item.value):
                notes.append("LINES made plain")
            return
        if item.kind == "reasoning":
            self.reasoning = [item.value]
        self.last = item.value if item.kind != "file" else ""

    def why(self) -> str:
        return " ".join(" ".join(self.reasoning or ()).split())


def _fenced(
    path: str, segment: Sequence[_Item], notes: list[str], known: Collection[str]
) -> Iterator[Block]:
    said = _Said()
    made: list[Block] = []
    fixed = False
    codes = [item for item in segment if isinstance(item, Fence)]
    some_code = not all(map(beside.is_no_code, codes))
    for item in segment:
        if not isinstance(item, Fence):
            said.hear(item, notes)
            continue
        beside_it = item.path or headers.only_path(said.last) or ""
        named = beside_it or _first_comment(item.code) or ""
        here = _path(path, named, first=not made)
        own = bool(named or said.lines)
        quote = item is not codes[-1] and _is_quote(said.last, item.code, known)
        why = QUOTE if quote else _beside(item, said.last, some_code, fixed and not own)
        if why:
            notes.append(why)
            said.last = ""
            continue
        if made and not beside_it:
            notes.append("FILE taken from the block before")
        if beside_it and here != path:
            notes.append("FILE taken from beside the fence")
        block = Block(here, said.lines, said.why(), item.code, item.language, said.last)
        made.append(block)
        fixed = fixed or defines(item.code)
        said = _Said()
    if made and not made[-1].reasoning and said.reasoning:
        made[-1] = replace(made[-1], reasoning=said.why())
    yield from made


def _without_parts(made: Sequence[Block], notes: list[str]) -> list[Block]:
    """The blocks under one FILE without those that another gives whole, which takes their LINES."""
    kept = list(made)
    for part in made if len(made) <= _MOST else ():
        whole = next((one for one in kept if one is not part and _is_part(part, one)), None)
        if whole:
            lines, reasoning = whole.lines or part.lines, whole.reasoning or part.reasoning
            kept[kept.index(whole)] = replace(whole, lines=lines, reasoning=reasoning)
            kept.remove(part)
            notes.append("part of a definition given whole left out")
    return kept


def _is_part(part: Block, whole: Block) -> bool:
    if part.path != whole.path or part.is_replacing or whole.is_replacing:
        return False
    if _MORE.search(part.ahead):
        return False
    return _is_within(part.lines, whole.lines) and is_part(part.code, whole.code)


def _is_within(part: tuple[int, int] | None, whole: tuple[int, int] | None) -> bool:
    """Whether the lines that a part states, if any, can be those of the whole."""
    return part is None or whole is None or whole[0] <= part[0] <= part[1] <= whole[1]


def _path(path: str, named: str, *, first: bool) -> str:
    """The path of code under FILE's `path` that is `named` beside the code, where it is.

    FILE is said of the `first` code that follows it; what comes then may stand elsewhere.
    """
    if first or path.endswith(f"/{named}"):
        return path or named
    return named or path


def _beside(item: Fence, last: str, code: bool, after: bool) -> str | None:
    """Why the fence isn't part of the fix, by the `last` line before it.

    `code` says that some fences hold code, `after` that the fix stands before.
    """
    if beside.is_no_code(item) and not headers.only_path(last):
        return beside.NO_CODE if code else None
    return beside.EXAMPLE if after and beside.is_example(item) else None


def _is_quote(last: str, code: Sequence[str], known: Collection[str]) -> bool:
    """Whether the `last` line before the code calls it old, and doesn't also call it corrected.

    One that does both is believed about the old where the model saw each line of the code.
    """
    if not _announces_quote(last):
        return False
    return not _FIXED.search(last) or {line.strip() for line in code} - {""} <= frozenset(known)


def _announces_quote(line: str) -> bool:
    ends = line.rstrip(" *").endswith(":") and not _BECOMING.search(line)
    return ends and bool(_QUOTED.search(line))


def _first_comment(code: Sequence[str]) -> str | None:
    first = next((line for line in code if line.strip()), "")
    return headers.only_path(first) if first.lstrip().startswith("#") else None


def _unfenced(path: str, segment: Sequence[_Item], notes: list[str]) -> Iterator[Block]:
    part: list[_Item] = []
    for item in segment:
        again = isinstance(item, headers.Header) and item.kind == "lines"
        if again and any(isinstance(one, _Text) and one.line.strip() for one in part):
            yield from _bare(path, part, notes)
            part = []
        part.append(item)
    yield from _bare(path, part, notes)


def _bare(path: str, part: Sequence[_Item], notes: list[str]) -> Iterator[Block]:
    said = _Said()
    code: list[str] = []
    for item in part:
        if isinstance(item, _Text) and (code or is_code(item.line)):
            code.append(item.line)
        elif isinstance(item, headers.Header | _Text):
            said.hear(item, notes)
    texts = [item.line for item in part if isinstance(item, _Text)]
    if forms.is_replacing(texts):
        yield Block(path, said.lines, said.why(), tuple(trimmed(texts)))
        return
    code = trimmed(without_prose(trimmed(code)))
    if code:
        notes.append("fence added")
        yield Block(path, said.lines, said.why(), tuple(code))
