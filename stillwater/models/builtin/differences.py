"""What the difference between two values, the actual and the expected one, points to."""

import math

_BOUNDS = (
    "boundary 1 range 1.2 slice 1 constant 0.5 drop-one 1 index 0.5 compare-bound 0.4 "
    "return-one 0.6 augmented 0.1 option-start 0.6 slice-open 0.5"
)


def difference(  # noqa: PLR0911  a row for each type
    actual: object, expected: object
) -> str:
    """What the difference of two values points to."""
    if isinstance(actual, bool) and isinstance(expected, bool):
        return (
            "boundary 0.7 negation 0.7 drop-not 0.7 boolean 0.7 direction 0.3 sibling 0.3 "
            "flag 0.6 negate-return 0.6 method 0.2 identity 0.3 one-more 0.5"
        )
    if actual is None:
        return (
            "missing-return 1.6 get-default 0.8 return-default 1 falsy 0.3 return-value 1.5 "
            "never-updated 1 conditional-return 0.5"
        )
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


def _of_numbers(  # noqa: PLR0911  a row for each relation
    actual: float, expected: float
) -> str:
    try:
        gap = abs(actual - expected)
        inverse = actual != 0 and math.isclose(actual * expected, 1.0)
    except OverflowError:
        return ""
    if gap == 1:
        return _BOUNDS
    if actual == -expected:
        return "drop-minus 1 swap-operands 1.5 arithmetic 0.4"
    if inverse:
        return "swap-operands 1.5 swap-arguments 1.5 arithmetic 0.4"
    if actual < 0 <= expected:
        return "clamp 1.2 swap-operands 0.5 drop-minus 0.4 arithmetic 0.4"
    if 0 < gap < 1:
        return "division 1.5 sibling 0.6 unwrap 0.6 wrap 0.3"
    if expected == 0 or actual == 0:
        return "falsy 0.8 accumulate 0.3 augmented 0.3 missing-return -0.5"
    fewer = "accumulate 0.5 dedent 0.5 " if abs(actual) < abs(expected) else ""
    integral = all(isinstance(one, int) or one.is_integer() for one in (actual, expected))
    whole = "division -0.8 " if integral else ""
    return f"{fewer}{whole}arithmetic 0.6 drop-term 0.4 swap-operands 0.3"


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
    return "swap-joined 2 slice-open 0.5 swap-operands 0.5" if actual[::-1] == expected else ""


def _of_sequences(  # noqa: PLR0911  a row for each relation
    actual: list[object] | tuple[object, ...], expected: list[object] | tuple[object, ...]
) -> str:
    if type(actual) is not type(expected) and list(actual) == list(expected):
        return "wrap 2"
    if len(actual) == len(expected) and all(item in expected for item in actual):
        return (
            "option-reverse 2 option-key 0.8 reorder 0.6 swap-operands 0.6 swap-arguments 0.8 "
            "wrap 0.4 direction 0.6 sibling 0.3 drop-minus 0.6 swap-joined 0.6"
        )
    if 0 < len(actual) < len(expected) and list(expected[: len(actual)]) == list(actual):
        return f"{_BOUNDS} flush 1 copy-after 1.5 jump 0.4 dedent 0.5 return-default 0.4 copy 0.3"
    if abs(len(actual) - len(expected)) == 1:
        return f"{_BOUNDS} missing-return -0.5 drop 0.2 guard-empty 0.4"
    if len(actual) < len(expected):
        return (
            "dedent 1 jump 0.6 boolean 0.3 range 0.4 sibling 0.4 while 0.3 accumulate 0.4 "
            "add-rest 0.8"
        )
    if len(actual) > len(expected):
        return "mutable-default 1 boundary 0.4 boolean 0.4 wrap 0.3 drop-not 0.3 sibling 0.3"
    return ""
