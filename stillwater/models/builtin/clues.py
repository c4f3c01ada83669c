"""What the issue, the failing tests and earlier results say: names, errors, values, words."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from stillwater.edits.paths import is_test
from stillwater.edits.syntax import parse
from stillwater.models.builtin.reading import Prompt
from stillwater.models.builtin.source import words
from stillwater.prompt import Suspected

_TEST_ID = re.compile(r"(?<![\w./\\-])([\w./\\-]+\.py)::([\w:]+)")
_FRAME = re.compile(r"^(\S+\.py):(\d+): ?(?:in )?(\S*)$|^ *File \"([^\"]+)\", line (\d+)", re.M)
_ERROR = re.compile(r"\b([A-Z]\w*(?:Error|Exception|Warning|StopIteration|KeyboardInterrupt))\b")
_CALL = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)\(")
_NAME = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"(?<![\w.])[1-9]\d{1,5}(?![\w.]*\d|\w)")
_CODE = re.compile(r"(?<!`)`{1,3}([^`\n]+)`+")
_QUOTED = re.compile(r"(?<!\w)['\"]([^'\"\n]{1,24})['\"](?!\w)")
_UNEQUAL: tuple[tuple[re.Pattern[str], tuple[type[ast.cmpop], ...]], ...] = (
    (re.compile(r"(?:AssertionError: )?assert (.+)"), (ast.Eq, ast.Is)),
    (re.compile(r"AssertionError: (?:\w+ differ: )?(.+ != .+)"), (ast.NotEq,)),
)
_STOP = frozenset(
    words(
        "the and for with that this from are was not but its into when then than have has had "
        "does should would could can will instead expected actual got get returns return "
        "returned result value values test tests assert error use used using call called "
        "calls def self none true false one two any all out also only even some such very "
        "there where which while what why how code bug issue like you your they them same "
        "other here make just now per see fails fail failed failing function method class "
        "module file line version python example import print"
    )
)


@dataclass(frozen=True)
class Pair:
    """Two values that a test wanted equal: what came, and what should have."""

    actual: object
    expected: object


@dataclass(frozen=True)
class Clues:
    """All that was said about the bug, ready to be compared with code."""

    text: str = ""
    tests: tuple[str, ...] = ()
    frames: tuple[tuple[str, int], ...] = ()
    errors: tuple[str, ...] = ()
    error_text: str = ""
    pairs: tuple[Pair, ...] = ()
    quoted: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    code: str = ""
    words: dict[str, float] = field(default_factory=dict)
    stems: dict[str, float] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    literals: frozenset[str] = frozenset()
    has_failures: bool = False
    suspects: tuple[Suspected, ...] = ()


def gather(prompt: Prompt) -> Clues:
    """The clues of a prompt."""
    failing = prompt.failing
    tests = tuple(dict.fromkeys(m[2] for m in _TEST_ID.finditer(failing)))
    e_lines = [m[1] for m in re.finditer(r"^E\s+(.*)$", failing, re.M)]
    said = "\n".join([prompt.issue, *e_lines])
    code = "\n".join([*_test_code(prompt, tests), *_shown_code(failing), *e_lines])
    weights = _weights(prompt.issue, [*tests, *e_lines], code)
    return Clues(
        text=said.lower(),
        tests=tests,
        suspects=prompt.suspects,
        frames=tuple(_frames(failing + "\n" + prompt.issue)),
        errors=tuple(dict.fromkeys(_ERROR.findall("\n".join(e_lines) + "\n" + prompt.issue))),
        error_text="\n".join(e_lines),
        pairs=tuple(_pairs(e_lines)),
        quoted=frozenset(
            name for span in _CODE.findall(prompt.issue) for name in _NAME.findall(span)
        )
        | frozenset(n.rpartition(".")[2] for n in _CALL.findall(prompt.issue))
        | frozenset(n for n in _NAME.findall(prompt.issue) if "_" in n.strip("_")),
        called=frozenset(_NAME.findall(re.sub(r"(['\"]).*?\1", "", code))),
        code=code,
        words=weights,
        stems=_stems(weights),
        numbers=frozenset(_NUMBER.findall(said)),
        literals=frozenset(_literals(prompt.issue, code)),
        has_failures=bool(failing),
    )


def _literals(issue: str, code: str) -> Iterator[str]:
    """Short texts that the issue or the tests quote, such as a name that is missing in a list."""
    for text in [*_QUOTED.findall(issue), *_CODE.findall(issue), *_QUOTED.findall(code)]:
        bare = text.strip("'\"")
        if len(bare) <= 24 and re.fullmatch(r"[\w.:/@%+-]+", bare):
            yield bare


def _frames(text: str) -> Iterator[tuple[str, int]]:
    """Frames outside the tests, the innermost first."""
    found = [(m[1] or m[4], int(m[2] or m[5])) for m in _FRAME.finditer(text)]
    for path, line in reversed(found):
        if not is_test(path):
            yield path, line


def _test_code(prompt: Prompt, tests: Sequence[str]) -> Iterator[str]:
    """The source of the failing tests, where a file that has them is shown."""
    names = {name for test in tests for name in test.split("::")}
    for file in prompt.files:
        if not is_test(file.path):
            continue
        tree = parse(file.content)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
                lines = file.content.split("\n")[node.lineno : node.end_lineno]
                yield "\n".join(lines)


def _shown_code(failing: str) -> Iterator[str]:
    """Source lines that pytest's traceback shows."""
    for line in failing.splitlines():
        if line.startswith("    ") or (line.startswith(">") and line[1:2] == " "):
            yield line[1:]


def _pairs(e_lines: Sequence[str]) -> Iterator[Pair]:
    """The values of failed equalities, as pytest or unittest tell them."""
    for line in e_lines:
        for pattern, equality in _UNEQUAL:
            found = pattern.fullmatch(line)
            if found is None:
                continue
            tree = parse(found[1])
            node = tree.body[0] if tree and tree.body else None
            if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Compare):
                continue
            compare = node.value
            if len(compare.ops) == 1 and isinstance(compare.ops[0], equality):
                yield from _literal(compare)


def _literal(compare: ast.Compare) -> Iterator[Pair]:
    try:
        left = ast.literal_eval(compare.left)
        right = ast.literal_eval(compare.comparators[0])
        repr((left, right))  # a number may be too long to be written
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return
    yield Pair(left, right)


def _weights(issue: str, failing: Sequence[str], code: str) -> dict[str, float]:
    """The words that were said; what a person wrote counts more than what a test calls."""
    weight: dict[str, float] = {}
    for text, each in ((issue, 1.0), ("\n".join(failing), 0.8), (code, 0.4)):
        for word in words(text):
            if len(word) > 2 and word not in _STOP:
                weight[word] = max(weight.get(word, 0.0), each)
    return weight


def stem(word: str) -> str:
    """What a word has in common with its other forms, roughly."""
    return word[:5]


def _stems(weight: dict[str, float]) -> dict[str, float]:
    best: dict[str, float] = {}
    for word, each in weight.items():
        best[stem(word)] = max(best.get(stem(word), 0.0), each)
    return best
