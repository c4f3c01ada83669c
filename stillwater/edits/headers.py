"""The keywords of an answer, however they are decorated."""

import re
from dataclasses import dataclass

_BEFORE = r"^[\s>#*\-+_`\[(•]*(?:\d+[.)]\s+)?[*_`]*"
_AFTER = r"[\s*_`\])]*"
_WORDS = {
    "file": r"file(?:[ _-]?(?:path|name))?|path",
    "lines": r"line(?:s|[ _-]?(?:numbers?|nos?\.?|range))?",
    "reasoning": r"reason(?:ing)?|rationale|explanation|cause",
    "code": r"(?:new |corrected |fixed |updated |replacement )?code",
}
_HEADERS = {
    kind: re.compile(rf"{_BEFORE}(?:{words}){_AFTER}[:：][\s*_]*(.*)$", re.IGNORECASE)
    for kind, words in _WORDS.items()
}
_LIKELY = re.compile(rf"{_BEFORE}(?:{'|'.join(_WORDS.values())})", re.IGNORECASE)
"""What every header begins with: one look for the many lines that are none."""
_BARE_FILE = re.compile(r"^[\s>#*\-+_`]*FILE[\s*_`]+(\S+\.\w+)[\s*_`]*$")
_PATH = r"[\w@+~./\\-]*[\w@+~-]\.\w{1,8}"
_ONLY_PATH = re.compile(rf"^[\s#*>`\"'\-]*({_PATH})[\s`\"'*:]*$")
_COUNT = re.compile(r"\(\s*\d+\s+lines?\s*\)")
_RANGE = re.compile(
    r"\bL?(\d{1,7})(?:\s*(?:-+|–|—|to|through|until|and|\.{2,3}|:|,)\s*L?(\d{1,7}))?", re.IGNORECASE
)
_KNOWN = re.compile(r"\.(?:pyi?|cfg|toml|ini|txt|rst|md|json|ya?ml|html?|js|css|c|h|sh|in)$")
_NOT_A_FILE = re.compile(r"^(?:path|file|name|not found|none|n/?a)$", re.IGNORECASE)
_INLINE = re.compile(r"[\s,;|(*_`](lines?|reasoning)\b[*_`]*\s*[:：]?\s*(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """A keyword of the format and what follows it on its line; `plain` if it is undecorated."""

    kind: str
    value: str
    plain: bool


def header(line: str) -> Header | None:
    """The keyword that the line starts with, if any."""
    if len(line) > 2000 or not _LIKELY.match(line):
        return None
    for kind, pattern in _HEADERS.items():
        if found := pattern.match(line):
            value = found.group(1).strip()
            if not _fits(kind, value, _like_code(line)) or _is_of_body(kind, line):
                return None
            return Header(kind, value, line.startswith(f"{kind.upper()}:"))
    if found := _BARE_FILE.match(line):
        return Header("file", found.group(1), False)
    return None


def only_path(line: str) -> str | None:
    """The path, where the line holds nothing else."""
    found = _ONLY_PATH.match(line) if len(line) < 300 else None
    return found.group(1) if found else None


def path_of(value: str) -> tuple[str, str]:
    """The path that FILE's value holds, and what else stands there, such as `LINES: 1-2`."""
    rest = ""
    value = _COUNT.sub("", value[:2000])
    if found := _INLINE.search(value):
        value, rest = value[: found.start()], value[found.start() :].strip(" ,;|(*_`")
    value = value.strip().strip("*_`\"'<>[]() ").rstrip(",;:")
    if value.endswith(("`", '"', "'")):
        value = value.strip("`\"'")
    while value.startswith("./"):
        value = value[2:]
    return value, rest


def range_of(value: str) -> tuple[int, int] | None:
    """The lines that LINES' value names, first to last."""
    found = _RANGE.search(value)
    if not found:
        return None
    first = int(found.group(1))
    last = int(found.group(2) or first)
    return (min(first, last), max(first, last)) if max(first, last) > 0 and first > 0 else None


def _like_code(line: str) -> bool:
    # "path: pathlib.Path" and "lines: list[str]" are Python, and stand in answers without fences.
    return line.lstrip()[:1].islower()


def _is_of_body(kind: str, line: str) -> bool:
    """Whether the line is an attribute such as `reason: str`, or a comment, in indented code."""
    return kind == "reasoning" and line[:1] in {" ", "\t"} and _like_code(line.lstrip(" \t#"))


def _fits(kind: str, value: str, strict: bool) -> bool:
    if kind == "file":
        return _names_file(value) and not (strict and not _KNOWN.search(path_of(value)[0]))
    if kind == "lines":
        if strict:
            return not value or bool(_RANGE.fullmatch(value.strip("*_`[]() ")))
        return not value or bool(_RANGE.search(value)) or len(value) < 40
    return not (strict and kind == "code" and value)


def _names_file(value: str) -> bool:
    path, _ = path_of(value)
    if not path or _NOT_A_FILE.match(path) or len(path) > 400:
        return False
    return bool(re.search(r"[./\\]", path)) and path.count(" ") <= 3
