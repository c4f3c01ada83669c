"""What makes a kind of mutation likely: how common it is, the error seen, the words of the issue.

The numbers are log-odds, set by hand: only their order of magnitude means something.
"""

import re

from stillwater.models.builtin.clues import Clues
from stillwater.models.builtin.signs import RAISED, SAID

PRIOR: dict[str, float] = {
    "boundary": 1.3,
    "direction": 0.0,
    "negation": 0.2,
    "identity": -0.5,
    "equality": -1.2,
    "compare-bound": -0.5,
    "swap-operands": 0.0,
    "boolean": 0.6,
    "boolean-drop": -0.8,
    "drop-not": 0.4,
    "drop-minus": 0.0,
    "add-not": -0.3,
    "arithmetic": 0.0,
    "division": 0.5,
    "drop-one": 0.6,
    "precedence": -0.5,
    "augmented": 0.2,
    "accumulate": 0.8,
    "clamp": 0.0,
    "argument-one": 0.0,
    "never-filled": 2.0,
    "flush": 2.0,
    "conditional-return": 1.5,
    "or-guard": -0.2,
    "while-filled": 1.0,
    "flag": 0.2,
    "flag-default": -0.5,
    "constant": 0.0,
    "constant-wanted": -0.8,
    "float": -1.5,
    "string-wanted": 1.2,
    "separator": -0.3,
    "regex": 0.3,
    "range": 0.9,
    "index": 0.2,
    "first-last": 0.0,
    "get": -0.3,
    "slice": 0.6,
    "slice-open": 0.0,
    "key": 2.0,
    "sibling": 0.9,
    "variable": 0.5,
    "function": 0.3,
    "undefined": 3.0,
    "attribute": 0.3,
    "swap-arguments": 0.2,
    "forgotten-argument": 1.5,
    "wrap": 0.2,
    "method": 0.2,
    "unwrap": -0.5,
    "late-binding": 1.2,
    "mutable-default": 2.5,
    "guard-none": 0.2,
    "guard-empty": 0.2,
    "falsy": 0.5,
    "truthy": -0.5,
    "or-empty": -1.0,
    "except": -0.3,
    "raise": -0.8,
    "isinstance": -0.5,
    "missing-return": 1.0,
    "dedent": 0.4,
    "indent": -0.3,
    "reorder": -0.5,
    "jump": 0.2,
    "elif": -0.8,
    "while": -0.6,
    "negate-return": -0.8,
    "return-one": -0.8,
    "return-default": -0.6,
    "drop": -1.2,
    "get-default": 0.0,
    "swap-joined": -0.3,
    "best": 0.0,
    "drop-term": -0.8,
    "add-term": 0.0,
    "slice-new": -0.3,
    "uncall": -0.5,
    "add-rest": -0.5,
    "element": 0.3,
    "one-more": 0.0,
    "base-case": 0.3,
    "copy": 0.0,
    "copy-after": 0.3,
    "to-self": 0.5,
    "from-self": 0.5,
    "text-to-name": 1.0,
    "text-said": 0.5,
    "return-value": 1.0,
    "getattr-default": 1.0,
    "length-one": 0.0,
    "never-updated": 1.0,
    "option-reverse": 0.2,
    "option-key": -1.0,
    "option-encoding": -0.5,
    "option-exist_ok": -0.5,
    "option-default": -0.3,
    "option-strict": -1.5,
    "option-sort_keys": -1.0,
    "option-ensure_ascii": -1.0,
    "option-maxsplit": -0.3,
    "option-start": -0.3,
}

_CRASH_ONLY = "get -1 or-empty -1 undefined -1 option-default -1 option-maxsplit -1 except -1"
_BOUNDS = (
    "boundary 1 range 1.2 slice 1 constant 0.5 drop-one 1 index 0.5 compare-bound 0.4 "
    "return-one 0.6 augmented 0.1 option-start 0.6 slice-open 0.5"
)


def kind_scores(clues: Clues) -> dict[str, float]:
    """For each kind, its log-odds with this bug: prior, words, error, and values together."""
    score = dict(PRIOR)
    for pattern, kinds in SAID:
        if re.search(rf"\b(?:{pattern})", clues.text):
            _add(score, kinds, 0.8)
    raised = "\n".join([clues.error_text, *clues.errors])
    for pattern, kinds in RAISED:
        if re.search(pattern, raised):
            _add(score, kinds, 1.0)
    for pair in clues.pairs[:4]:
        _add(score, _difference(pair.actual, pair.expected), min(len(clues.pairs), 4) ** -0.5)
    asserted = any(p.actual is not None and p.expected is not None for p in clues.pairs)
    if asserted and "NoneType" not in raised:
        _add(score, "guard-none -0.8 guard-empty -0.3 missing-return -0.8", 1.0)
    crash = [e for e in clues.errors if e not in ("AssertionError", "Failed")]
    if clues.has_failures and not crash and clues.error_text:
        _add(score, _CRASH_ONLY, 1.0)
    return score


def name_scores(clues: Clues) -> dict[str, float]:
    """For names that a mutation brings in or takes out, what the values compared say of them."""
    score: dict[str, float] = {}
    for pair in clues.pairs[:1]:
        if isinstance(pair.actual, str) and isinstance(pair.expected, str):
            case = pair.actual.lower() == pair.expected.lower()
            edge = bool(pair.expected) and pair.expected.strip() in pair.actual and not case
            score |= dict.fromkeys(("lower", "upper", "casefold", "title"), 1.0 if case else -1.5)
            score |= dict.fromkeys(("strip", "lstrip", "rstrip"), 1.2 if edge else -0.5)
            score |= dict.fromkeys(("sorted", "int", "list", "set"), -1.0)
        elif isinstance(pair.actual, list) and isinstance(pair.expected, list):
            shuffled = sorted(map(repr, pair.actual)) == sorted(map(repr, pair.expected))
            score |= dict.fromkeys(("sorted", "reversed", "reverse"), 1.0 if shuffled else -1.0)
    return score


def _add(score: dict[str, float], kinds: str, factor: float) -> None:
    """Adds what a row of signs gives: kinds and numbers in turn."""
    row = kinds.split()
    for kind, value in zip(row[::2], row[1::2], strict=True):
        score[kind] = score.get(kind, 0.0) + factor * float(value)


def _difference(  # noqa: PLR0911  a row for each type
    actual: object, expected: object
) -> str:
    """What the difference of two values points to."""
    if isinstance(actual, bool) and isinstance(expected, bool):
        return (
            "boundary 0.7 negation 0.7 drop-not 0.7 boolean 0.7 direction 0.3 sibling 0.3 "
            "flag 0.6 negate-return 0.6 method 0.2 identity 0.3"
        )
    if actual is None:
        return "missing-return 1.6 get-default 0.8 return-default 1 falsy 0.3"
    if expected is None:
        return "guard-none 0.8 guard-empty 0.8 get 0.4"
    if isinstance(actual, int | float) and isinstance(expected, int | float):
        return _of_numbers(actual, expected)
    if isinstance(actual, str) and isinstance(expected, str):
        return _of_texts(actual, expected)
    if isinstance(actual, list | tuple) and isinstance(expected, list | tuple):
        return _of_sequences(actual, expected)
    if isinstance(actual, dict | set) and isinstance(expected, dict | set):
        if len(actual) != len(expected):
            return "boundary 0.4 boolean 0.3 dedent 0.5 wrap 0.3 mutable-default 0.6"
        return "swap-operands 0.4 accumulate 0.4 variable 0.2 augmented 0.3"
    return ""


def _of_numbers(actual: float, expected: float) -> str:
    try:
        gap = abs(actual - expected)
    except OverflowError:
        return ""
    if gap == 1:
        return _BOUNDS
    if actual == -expected:
        return "drop-minus 1 swap-operands 1.5 arithmetic 0.4"
    if 0 < gap < 1:
        return "division 1.5 sibling 0.6 unwrap 0.6 wrap 0.3"
    if expected == 0 or actual == 0:
        return "falsy 0.8 accumulate 0.3 augmented 0.3 missing-return -0.5"
    return "accumulate 0.5 dedent 0.5" if abs(actual) < abs(expected) else ""


def _of_texts(actual: str, expected: str) -> str:
    if actual.lower() == expected.lower():
        return "method 2 unwrap 1 sibling 0.5"
    if actual.split() == expected.split() or actual.replace(" ", "") == expected.replace(" ", ""):
        return "method 1.5 sibling 0.8 separator 1.5 unwrap 0.5"
    if abs(len(actual) - len(expected)) == 1:
        return (
            "slice 0.8 slice-open 0.6 boundary 0.5 compare-bound 0.4 constant 0.4 range 0.3 "
            "drop-one 0.4"
        )
    return "slice-open 0.5 swap-operands 0.5" if actual[::-1] == expected else ""


def _of_sequences(
    actual: list[object] | tuple[object, ...], expected: list[object] | tuple[object, ...]
) -> str:
    if type(actual) is not type(expected) and list(actual) == list(expected):
        return "wrap 2"
    if len(actual) == len(expected) and all(item in expected for item in actual):
        return (
            "option-reverse 2 option-key 0.8 reorder 0.6 swap-operands 0.6 swap-arguments 0.8 "
            "wrap 0.4 direction 0.6 sibling 0.3 drop-minus 0.6"
        )
    if abs(len(actual) - len(expected)) == 1:
        return f"{_BOUNDS} missing-return -0.5 drop 0.2 guard-empty 0.4"
    if len(actual) < len(expected):
        return "dedent 1 jump 0.6 boolean 0.3 range 0.4 sibling 0.4 while 0.3 accumulate 0.4"
    if len(actual) > len(expected):
        return "mutable-default 1 boundary 0.4 boolean 0.4 wrap 0.3 drop-not 0.3 sibling 0.3"
    return ""
