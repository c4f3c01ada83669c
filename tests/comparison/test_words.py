"""How a comparison's numbers are written."""

import pytest

from stillwater.comparison.words import NONE, share


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, NONE), (0.0, "0%"), (1 / 300, "1%"), (0.29, "29%"), (199 / 200, "99%"), (1.0, "100%")],
)
def test_a_share_is_all_or_nothing_only_where_it_is(value: float | None, said: str) -> None:
    assert share(value) == said
