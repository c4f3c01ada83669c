import pytest

from gridtext import clip, display_width, pad
from gridtext.wrap import wrap

E_ACUTE = "e\N{COMBINING ACUTE ACCENT}"


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("日本", 4), (E_ACUTE, 1), ("ｆ", 2), ("a\u200bb", 2)],
    ids=["empty", "ascii", "cjk", "combining", "fullwidth", "invisible"],
)
def test_display_width(text, width):
    assert display_width(text) == width


def test_pads_on_either_side():
    assert pad("ab", 5) == "ab   "
    assert pad("ab", 5, "right") == "   ab"
    assert pad("ab", 5, "center") == " ab  "
    assert pad("abcdef", 5) == "abcdef"


def test_pads_wide_text_to_the_same_column():
    assert pad("日本", 6) == "日本  "
    assert pad("日本", 6, "right") == "  日本"
    assert pad(E_ACUTE, 3, "center") == f" {E_ACUTE} "


def test_clips_with_an_ellipsis():
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdefg", 6) == "abcde…"
    assert clip("日本語", 4) == "日…"


def test_wraps_at_blanks():
    assert wrap("the quick brown fox", 10) == ["the quick", "brown fox"]
    assert wrap("a\n\nb", 10) == ["a", "", "b"]
    assert wrap("", 10) == [""]


def test_breaks_long_words():
    assert wrap("abcdefgh xy", 3) == ["abc", "def", "gh", "xy"]
    assert wrap("日本語", 4) == ["日本", "語"]
