"""What an issue and the failing tests say about where the bug is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_PATH = re.compile(r"[\w./\\-]*\w\.pyi?\b")
_PYTHON_FRAME = re.compile(r'File "([^"\n]+)", line \d+(?:, in (\S+))?')
_PYTEST_FRAME = re.compile(r"^([^\s:]+\.pyi?):\d+:(?: in (\S+))?", re.MULTILINE)
_DOTTED = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_SPAN = re.compile(r"`+([^`\n]{1,200})`+")
_NAME = re.compile(r"[A-Za-z_]\w*")
_CALLED = re.compile(r"([A-Za-z_]\w*)\(")
_CODE_LIKE = re.compile(
    r"\b(?:[a-z0-9]+_\w+|_\w+|[A-Z][a-z0-9]+[A-Z]\w*|[A-Z][A-Za-z0-9]*[a-z]\w*)\b"
)
_TITLE = re.compile(r"\A[^\n]*")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SURROUNDINGS = re.compile(
    r"^(?:#{1,6}[ \t]*|\*\*)?(?:your )?(?:environment|versions?|system|setup|platform|"
    r"installed packages|output of [`'\"]?\w[\w. ]*\(?\)?[`'\"]?)"
    r"(?:[ \t]*(?:info(?:rmation)?|details|and .*|used))?[ \t]*:?[ \t]*(?:\*\*)?[ \t]*:?\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"^(?:#{1,6}[ \t]+\S|\*\*[^*\n]+\*\*[ \t:]*\r?$)", re.MULTILINE)
_FEWEST_WORDS = 15
_QUOTED = re.compile(r"(?<!\w)\"([^\"\n]{8,120})\"|(?<!\w)'([^'\n]{8,120})'|`([^`\n]{8,120})`")
_RAISED = re.compile(
    r"^\W*(?:[\w.]*(?:Error|Exception|Warning))\b:?[ \t]*(.{8,160})$", re.MULTILINE
)
_PROSE = re.compile(r"[A-Za-z]{2,}(?:[ ][A-Za-z]{2,})+[ A-Za-z]*")
_PROMPT = re.compile(r"^(?:>>>|\.\.\.|In \[\d+\]:) ?", re.MULTILINE)
_MOST_PHRASES = 20


@dataclass(frozen=True)
class Query:
    """What files are chosen for: `failing` is the distilled log, `tests` are texts of tests."""

    issue: str
    failing: str = ""
    tests: Sequence[str] = ()
    suspects: Mapping[tuple[str, int], float] = field(default_factory=dict)
    """How suspect functions are, from 0 to 1, by their file and first line."""


@dataclass(frozen=True)
class Frame:
    """One place of a traceback."""

    path: str
    function: str


def told(issue: str) -> str:
    """The issue without what its template says and without the sections about its machine."""
    text = _COMMENT.sub("", issue)
    kept, at = "", 0
    for match in _SURROUNDINGS.finditer(text):
        if match.start() < at:
            continue
        following = _HEADING.search(text, match.end())
        kept += text[at : match.start()]
        at = following.start() if following else len(text)
    kept += text[at:]
    return kept if len(kept.split()) > _FEWEST_WORDS else text


def title(issue: str) -> str:
    """The issue's first line."""
    return issue.strip().partition("\n")[0]


def phrases(text: str) -> list[str]:
    """Texts of several words that the code may hold as they are: quotations, error messages."""
    found = [one or other or third for one, other, third in _QUOTED.findall(text)]
    found += [prose for message in _RAISED.findall(text) for prose in _PROSE.findall(message)]
    stripped = (one.strip() for one in found)
    long = [one for one in stripped if len(one) >= 10 and " " in one]
    return list(dict.fromkeys(long))[:_MOST_PHRASES]


def paths(text: str) -> list[str]:
    """The Python files that the text names, in its order."""
    return list(dict.fromkeys(_clean(found) for found in _PATH.findall(text)))


def frames(text: str) -> list[Frame]:
    """The frames of the text's tracebacks, innermost first."""
    found = [
        (match.start(), Frame(_clean(match.group(1)), match.group(2) or ""))
        for pattern in (_PYTHON_FRAME, _PYTEST_FRAME)
        for match in pattern.finditer(text)
    ]
    ordered = [frame for _, frame in sorted(found, key=lambda one: one[0])]
    return list(dict.fromkeys(reversed(ordered)))


def dotted(text: str) -> list[str]:
    """The dotted names of the text."""
    return list(dict.fromkeys(_DOTTED.findall(text)))


def identifiers(text: str) -> dict[str, float]:
    """The identifiers that the text seems to mean, with how surely: quoted ones most."""
    found: dict[str, float] = {}

    def add(names: Iterator[str], weight: float) -> None:
        for name in names:
            if len(name) > 2:
                found[name] = max(found.get(name, 0.0), weight)

    add((one for part in _DOTTED.findall(text) for one in part.split(".")), 0.8)
    add((one for one in _CODE_LIKE.findall(text)), 0.6)
    add((one for one in _CALLED.findall(text)), 0.9)
    add((one for span in _SPAN.findall(text) for one in _NAME.findall(span)), 1.0)
    title = _TITLE.match(text)
    for name in _NAME.findall(title.group(0) if title else ""):
        if name in found:
            found[name] *= 1.3
    return found


def imported(text: str) -> list[tuple[str, str]]:
    """The modules that the text imports, each with a name that it takes from there, or ""."""
    found: list[tuple[str, str]] = []
    for match in re.finditer(
        r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)", text, re.MULTILINE
    ):
        taken = re.sub(r"#[^\n]*", "", match.group(2)).strip("() \t")
        for part in taken.split(","):
            words = part.split()
            found.append((match.group(1), words[0] if words else ""))
    for match in re.finditer(r"^[ \t]*import[ \t]+([^\n#;]+)", text, re.MULTILINE):
        found += [(words[0], "") for part in match.group(1).split(",") if (words := part.split())]
    return list(dict.fromkeys(found))


def _clean(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./")
