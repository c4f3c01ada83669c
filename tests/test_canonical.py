"""Canonical JSON: the quick way and RFC 8785's own implementation give the same bytes."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from stillwater.canonical import Json, canonical

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner) | st.tuples(inner, inner),
)


@given(values)
def test_the_bytes_are_those_of_rfc_8785(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1e21, 1e-7, 1.0, -0.0, 0.1, 5e-324, 1e16, 123456.789, 1e-4])
def test_numbers_are_written_as_javascript_does(value: float) -> None:
    assert canonical({"n": [value]}) == rfc8785.dumps({"n": [value]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {1: "a"}, b"x"])
def test_what_json_cannot_hold_is_refused(value: Json) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical({"deep": [value]})
