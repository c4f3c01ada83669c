"""What makes a kind of mutation likely: how common it is, the error seen, the words of the issue.

The numbers are log-odds: only their order of magnitude means something. Those of PRIOR were set by
hand, then moved half of the way to what 93 real repairs say, commits of 23 public repositories that
are one of these mutations (a conditional logit over the mutations of the function, with a ridge
towards the hand's values). Half, because commits don't show the errors that speak for a kind.
"""

import re

from stillwater.models.builtin.clues import Clues
from stillwater.models.builtin.differences import difference
from stillwater.models.builtin.signs import RAISED, SAID

PRIOR: dict[str, float] = {
    "boundary": 1.7,
    "direction": 0.4,
    "negation": 0.0,
    "identity": -0.5,
    "equality": -1.4,
    "compare-bound": -0.6,
    "swap-operands": -0.3,
    "boolean": 0.2,
    "boolean-drop": 0.3,
    "drop-not": 0.0,
    "drop-minus": 0.0,
    "add-not": -0.7,
    "arithmetic": 0.2,
    "division": 0.5,
    "drop-one": 0.5,
    "precedence": -0.5,
    "augmented": 0.0,
    "accumulate": 1.0,
    "clamp": -0.1,
    "argument-one": -0.1,
    "never-filled": 2.0,
    "flush": 2.0,
    "conditional-return": 1.5,
    "or-guard": -0.5,
    "while-filled": 1.0,
    "flag": -0.2,
    "flag-default": -0.1,
    "constant": 0.4,
    "constant-wanted": -1.0,
    "float": -1.5,
    "string-wanted": 1.2,
    "separator": -0.3,
    "regex": 0.3,
    "range": 0.8,
    "index": 0.0,
    "first-last": -0.1,
    "get": 0.1,
    "slice": 0.4,
    "slice-open": -0.1,
    "key": 2.0,
    "sibling": 0.8,
    "variable": 0.3,
    "function": 0.1,
    "undefined": 3.0,
    "attribute": 0.1,
    "swap-arguments": -0.3,
    "forgotten-argument": 1.6,
    "wrap": 0.0,
    "method": -0.3,
    "unwrap": -0.8,
    "late-binding": 1.1,
    "mutable-default": 2.5,
    "guard-none": 0.1,
    "guard-empty": -0.1,
    "falsy": 0.7,
    "truthy": 0.3,
    "or-empty": -1.1,
    "except": 0.8,
    "raise": 0.2,
    "isinstance": 0.1,
    "missing-return": 0.4,
    "dedent": 1.1,
    "indent": -0.5,
    "reorder": -0.9,
    "jump": 0.1,
    "elif": -0.9,
    "while": -0.8,
    "negate-return": -0.8,
    "return-one": -0.9,
    "return-default": -0.7,
    "drop": -0.1,
    "get-default": 0.2,
    "swap-joined": 0.1,
    "best": -0.1,
    "drop-term": -0.3,
    "add-term": -0.1,
    "slice-new": -0.5,
    "uncall": -0.1,
    "add-rest": -0.5,
    "element": 0.2,
    "one-more": -0.7,
    "base-case": 0.3,
    "copy": -0.4,
    "copy-after": 0.2,
    "to-self": 0.1,
    "from-self": 0.5,
    "text-to-name": 1.3,
    "text-said": 0.3,
    "return-value": 1.2,
    "getattr-default": 1.6,
    "length-one": -0.2,
    "never-updated": 1.0,
    "option-reverse": 0.1,
    "option-key": -1.0,
    "option-encoding": -0.5,
    "option-exist_ok": -0.5,
    "option-default": -0.3,
    "option-strict": -1.5,
    "option-sort_keys": -1.0,
    "option-ensure_ascii": -1.0,
    "option-maxsplit": -0.3,
    "option-start": -0.4,
}

_CRASH_ONLY = "get -1 or-empty -1 undefined -1 option-default -1 option-maxsplit -1 except -1"


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
        _add(score, difference(pair.actual, pair.expected), min(len(clues.pairs), 4) ** -0.5)
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
