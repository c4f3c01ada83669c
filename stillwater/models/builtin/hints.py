"""What makes a kind of mutation likely: how common it is, the error seen, the words of the issue.

The numbers are log-odds, set by hand: only their order of magnitude means something.
"""

import re
from collections import Counter
from collections.abc import Iterator

from stillwater.models.builtin.clues import Clues

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
    "variable": 0.8,
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

_SAID: tuple[tuple[str, dict[str, float]], ...] = (
    (
        r"off[- ]by[- ]one|one (?:too|more|less|extra|short|day|line|item)|last|final|boundar|"
        r"exactly|inclusive|exclusive|edge|at most|at least|upper|lower bound|limit|skip|trunc|"
        r"too (?:many|few|early|late)|up to|equal to|end of",
        {"boundary": 0.9, "range": 0.7, "slice": 0.7, "index": 0.3, "constant": 0.2,
         "drop-one": 0.5, "compare-bound": 0.3, "return-one": 0.4, "slice-open": 0.3},
    ),
    (r"inclusive|exactly|equal|touch|same (?:time|day|value|moment)|still", {"boundary": 0.7}),
    (r"\bcase\b|uppercase|lowercase|case[- ](?:in)?sensitiv|capital", {"method": 2.0, "unwrap": 1.0, "option-key": 1.0}),
    (r"whitespace|trailing|leading|blank|spaces?\b|newline|strip|padd", {"method": 1.6, "sibling": 0.5, "unwrap": 0.8}),
    (r"empty|no items|nothing|without any|blank", {"guard-empty": 1.4, "falsy": 0.7, "or-empty": 0.5,
     "option-default": 1.0, "return-default": 0.6}),
    (r"\bnone\b|nonetype|missing|absent|optional|not given|unset|omitted", {"guard-none": 0.9, "or-empty": 0.5,
     "get": 0.5, "falsy": 0.4, "get-default": 0.6}),
    (r"\bzero\b|\b0\b|falsy|\bfalse\b|ignored|empty string", {"falsy": 1.6}),
    (r"shared?\b|shares|leak|between (?:calls|instances)|previous call|second (?:call|instance)|accumul|"
     r"each other|other instances|remember", {"mutable-default": 2.0, "wrap": 0.7, "method": 0.4}),
    (r"mutat|modif|in[- ]place|aliase?|copy|original|caller|affects|changes the", {"mutable-default": 0.8, "wrap": 1.2,
     "method": 0.6, "sibling": 0.4}),
    (r"order|sort|revers|ascending|descending|newest|oldest|latest|first|highest|lowest|priority",
     {"option-reverse": 1.2, "option-key": 0.5, "reorder": 0.6, "swap-operands": 0.3, "wrap": 0.3, "direction": 0.3,
      "sibling": 0.3, "first-last": 0.6}),
    (r"stable|tie|duplicat|unique|twice", {"boundary": 0.3, "sibling": 0.3}),
    (r"round|fraction|decimal|integer|float|truncat|precision|cents?\b", {"division": 1.5, "unwrap": 0.7, "wrap": 0.4,
     "sibling": 0.5}),
    (r"average|mean|median|ratio|percent", {"division": 1.0, "arithmetic": 0.4, "precedence": 0.5, "float": 0.5}),
    (r"negative|sign|minus|below zero", {"arithmetic": 0.5, "drop-minus": 0.8, "wrap": 0.3, "regex": 0.3,
     "boundary": 0.3, "direction": 0.3}),
    (r"cache|memo|stale|same key|different (?:arguments|keyword|options)", {"key": 1.5, "reorder": 0.4}),
    (r"ignor|not (?:passed|forwarded|respected|honou?red|used|applied)|no effect|has no|dropped|disregard",
     {"forgotten-argument": 1.4, "variable": 0.5, "falsy": 0.4, "augmented": 0.3, "missing-return": 0.3}),
    (r"swap|mixed up|wrong way|transpos|inverted|opposite|backwards", {"swap-arguments": 1.5, "swap-operands": 1.2,
     "variable": 0.4, "negation": 0.6, "direction": 0.8, "drop-not": 0.6, "sibling": 0.5, "add-not": 0.6}),
    (r"only (?:the )?first|stops? (?:after|at)|only one|rest (?:of|is|are)|all the|not all|every|any of", {"dedent": 1.2,
     "jump": 1.0, "boolean": 0.4, "sibling": 0.4, "accumulate": 0.5, "while": 0.5, "unwrap": 0.1}),
    (r"overrid|overwrit|preceden|win(?:s|ning)?\b|replac|merge|default", {"swap-operands": 0.8, "get-default": 0.5,
     "reorder": 0.5, "accumulate": 0.4, "flag-default": 0.4, "sibling": 0.3}),
    (r"returns? none|got none|none instead|is none\b", {"missing-return": 1.5, "return-default": 0.6, "guard-none": 0.2}),
    (r"infinite|hang|forever|never (?:ends|returns|terminates)|loop", {"jump": 0.7, "augmented": 0.8, "boundary": 0.6,
     "while": 0.3, "arithmetic": 0.3}),
    (r"both|either|neither|unless|only if|only when|even (?:if|when|though)", {"boolean": 1.2, "drop-not": 0.3, "negation": 0.3}),
    (r"prefix|suffix|starts? with|ends? with", {"sibling": 1.2, "method": 0.2}),
    (r"smallest|largest|minimum|maximum|shortest|longest|clamp|\bmin\b|\bmax\b", {"sibling": 0.9, "direction": 0.7, "boundary": -0.2}),
    (r"pattern|regex|match|hyphen|underscore|character|digit", {"regex": 0.9, "sibling": 0.3}),
    (r"partial|substring|prefix of|anywhere|whole", {"sibling": 0.9, "regex": 0.7, "equality": 1.0}),
    (r"closure|lambda|callback|handler|loop variable|late", {"late-binding": 1.5}),
    (r"equals sign|contains? (?:an? )?(?:`?=`?|colon|comma|separator)|more than one|split", {"option-maxsplit": 1.6, "sibling": 0.6}),
    (r"during iteration|while iterating|removed?|every (?:other|second)", {"wrap": 0.7}),
    (r"raises?|exception|crash|traceback|error", {"guard-none": 0.3, "guard-empty": 0.3, "except": 0.5, "raise": 0.5, "get": 0.3}),
    (r"tuple|generator|iterator|exhaust", {"isinstance": 0.8, "wrap": 0.6}),
    (r"encod|unicode|utf", {"option-encoding": 2.0, "sibling": 0.3}),
    (r"wrong (?:field|column|key|attribute|value|name|one)|instead of|rather than", {"variable": 0.4, "attribute": 0.6, "sibling": 0.3}),
    (r"start(?:s|ing)? (?:at|from) (?:1|one|zero|0)|numbered|one-based|zero-based", {"option-start": 1.8, "range": 0.3, "return-one": 0.5}),
)  # fmt: skip

_RAISED: tuple[tuple[str, dict[str, float]], ...] = (
    (r"'NoneType'|NoneType", {"guard-none": 1.8, "missing-return": 1.6, "or-empty": 1.4, "falsy": 0.3, "get-default": 1.2}),
    (r"IndexError|index out of range", {"boundary": 1.0, "range": 1.4, "index": 1.0, "guard-empty": 1.2, "slice": 0.4,
     "compare-bound": 0.8, "boolean": 0.3, "first-last": 0.2, "drop-one": 0.8}),
    (r"KeyError", {"get": 2.0, "get-default": 0.5, "except": 1.0, "wrap": 0.3, "method": 0.3, "key": 0.2, "variable": 0.4}),
    (r"NameError|UnboundLocalError", {"undefined": 2.0, "reorder": 0.5, "variable": 0.2}),
    (r"ZeroDivisionError|division by zero", {"guard-empty": 2.2, "boolean": 0.4, "boundary": 0.4}),
    (r"StopIteration", {"except": 1.0, "guard-empty": 0.5}),
    (r"max\(\)|min\(\)|empty sequence|iterable argument is empty|arg is an empty", {"option-default": 2.5, "guard-empty": 2.0}),
    (r"too many values to unpack", {"option-maxsplit": 2.5, "sibling": 0.8}),
    (r"not enough values to unpack", {"guard-empty": 0.8, "sibling": 0.6}),
    (r"can only concatenate str|must be str|expected str instance|can't concat", {"wrap": 2.0}),
    (r"unhashable", {"wrap": 2.0, "key": 0.3}),
    (r"has no attribute", {"attribute": 1.0, "sibling": 0.8, "wrap": 0.4}),
    (r"unsupported operand|not supported between", {"wrap": 1.2, "guard-none": 0.5, "get-default": 0.8, "variable": 0.3}),
    (r"changed size during iteration|mutated during iteration", {"wrap": 3.0}),
    (r"RecursionError|maximum recursion", {"boundary": 0.8, "arithmetic": 0.6, "variable": 0.5, "guard-empty": 0.4}),
    (r"missing \d+ required|unexpected keyword|positional argument", {"forgotten-argument": 2.0, "swap-arguments": 0.3, "variable": -0.5}),
    (r"object is not (?:iterable|subscriptable|callable)", {"guard-none": 0.4, "unwrap": 0.4, "missing-return": 0.4, "wrap": 0.4}),
    (r"not JSON serializable", {"wrap": 2.0}),
    (r"FileExistsError|FileNotFoundError", {"option-exist_ok": 3.0}),
    (r"invalid literal|could not convert", {"method": 0.8, "guard-empty": 0.8, "except": 0.4, "sibling": 0.3}),
    (r"DID NOT RAISE", {"boundary": 0.8, "raise": 0.8, "boolean": 0.8, "negation": 0.3, "direction": 0.3, "wrap": -1.0,
     "except": -0.5, "get": -1.5, "guard-empty": -0.5, "guard-none": -0.5}),
    (r"Timeout|timed out", {"jump": 0.5, "augmented": 0.8, "boundary": 0.5}),
)  # fmt: skip

_CRASH_ONLY = ("get", "or-empty", "undefined", "option-default", "option-maxsplit", "except")
_BOUNDS = {"boundary": 1.0, "range": 1.2, "slice": 1.0, "constant": 0.5, "drop-one": 1.0, "index": 0.5,
           "compare-bound": 0.4, "return-one": 0.6, "augmented": 0.1, "option-start": 0.6, "slice-open": 0.5}  # fmt: skip


def kind_scores(clues: Clues) -> dict[str, float]:
    """For each kind, its log-odds with this bug: prior, words, error, and values together."""
    score = dict(PRIOR)
    for pattern, kinds in _SAID:
        if re.search(pattern, clues.text):
            _add(score, kinds, 0.8)
    for pattern, kinds in _RAISED:
        if re.search(pattern, clues.error_text) or re.search(
            rf"\b(?:{pattern})", "\n".join(clues.errors)
        ):
            _add(score, kinds, 1.0)
    for pair in clues.pairs[:4]:
        for kinds in _values(pair.actual, pair.expected):
            _add(score, kinds, 1.0 / min(len(clues.pairs), 4) ** 0.5)
    crash = [e for e in clues.errors if e not in ("AssertionError", "Failed")]
    if clues.has_failures and not crash and clues.error_text:
        _add(score, dict.fromkeys(_CRASH_ONLY, -1.0), 1.0)
    return score


def _add(score: dict[str, float], kinds: dict[str, float], factor: float) -> None:
    for kind, value in kinds.items():
        score[kind] = score.get(kind, 0.0) + factor * value


def _values(actual: object, expected: object) -> Iterator[dict[str, float]]:
    """What the difference of two values points to."""
    if isinstance(actual, bool) or isinstance(expected, bool):
        if isinstance(actual, bool) and isinstance(expected, bool):
            yield {"boundary": 0.7, "negation": 0.7, "drop-not": 0.7, "boolean": 0.7, "direction": 0.3,
                   "sibling": 0.3, "flag": 0.6, "negate-return": 0.6, "method": 0.2, "identity": 0.3}  # fmt: skip
    elif actual is None:
        yield {"missing-return": 1.6, "get-default": 0.8, "return-default": 1.0, "falsy": 0.3}
    elif expected is None:
        yield {"guard-none": 0.8, "guard-empty": 0.8, "get": 0.4}
    elif isinstance(actual, int | float) and isinstance(expected, int | float):
        yield from _numbers(actual, expected)
    elif isinstance(actual, str) and isinstance(expected, str):
        yield from _strings(actual, expected)
    elif isinstance(actual, list | tuple) and isinstance(expected, list | tuple):
        yield from _sequences(actual, expected)
    elif isinstance(actual, dict | set) and isinstance(expected, dict | set):
        if len(actual) != len(expected):
            yield {
                "boundary": 0.4,
                "boolean": 0.3,
                "dedent": 0.5,
                "wrap": 0.3,
                "mutable-default": 0.6,
            }
        else:
            yield {"swap-operands": 0.4, "accumulate": 0.4, "variable": 0.2, "augmented": 0.3}


def _numbers(actual: float, expected: float) -> Iterator[dict[str, float]]:
    if abs(actual - expected) == 1:
        yield _BOUNDS
    if actual == -expected:
        yield {"drop-minus": 1.0, "swap-operands": 1.5, "arithmetic": 0.4}
    elif 0 < abs(actual - expected) < 1:
        yield {"division": 1.5, "sibling": 0.6, "unwrap": 0.6, "wrap": 0.3}
    elif expected == 0 or actual == 0:
        yield {"falsy": 0.8, "accumulate": 0.3, "augmented": 0.3, "missing-return": -0.5}
    elif abs(actual) < abs(expected):
        yield {"accumulate": 0.5, "dedent": 0.5}


def _strings(actual: str, expected: str) -> Iterator[dict[str, float]]:
    if actual.lower() == expected.lower():
        yield {"method": 2.0, "unwrap": 1.0, "sibling": 0.5}
    elif actual.split() == expected.split() or actual.replace(" ", "") == expected.replace(" ", ""):
        yield {"method": 1.5, "sibling": 0.8, "separator": 1.5, "unwrap": 0.5}
    elif abs(len(actual) - len(expected)) == 1:
        yield {
            "slice": 0.8,
            "slice-open": 0.6,
            "boundary": 0.5,
            "compare-bound": 0.4,
            "constant": 0.4,
            "range": 0.3,
            "drop-one": 0.4,
        }
    elif actual[::-1] == expected:
        yield {"slice-open": 0.5, "swap-operands": 0.5}


def _sequences(
    actual: list[object] | tuple[object, ...], expected: list[object] | tuple[object, ...]
) -> Iterator[dict[str, float]]:
    same = Counter(map(repr, actual)) == Counter(map(repr, expected))
    if type(actual) is not type(expected) and list(actual) == list(expected):
        yield {"wrap": 2.0}
    elif same:
        yield {"option-reverse": 2.0, "option-key": 0.8, "reorder": 0.6, "swap-operands": 0.6, "swap-arguments": 0.8,
               "wrap": 0.4, "direction": 0.6, "sibling": 0.3, "drop-minus": 0.6}  # fmt: skip
    elif abs(len(actual) - len(expected)) == 1:
        yield {**_BOUNDS, "missing-return": -0.5, "drop": 0.2, "guard-empty": 0.4}
    elif len(actual) < len(expected):
        yield {
            "dedent": 1.0,
            "jump": 0.6,
            "boolean": 0.3,
            "range": 0.4,
            "sibling": 0.4,
            "while": 0.3,
            "accumulate": 0.4,
        }
    elif len(actual) > len(expected):
        yield {
            "mutable-default": 1.0,
            "boundary": 0.4,
            "boolean": 0.4,
            "wrap": 0.3,
            "drop-not": 0.3,
            "sibling": 0.3,
        }
