import pytest

from confine import SyntaxProblem, loads
from confine.lexer import strip_comment


def test_sections_and_keys():
    config = loads("top = 1\n[ a ]\nx = 2\ny: 3\n[b.c]\nz =\n")
    assert config.get("top") == "1"
    assert config.get("a.x") == "2"
    assert config.get("a.y") == "3"
    assert config.get("b.c.z") == ""


def test_indented_lines_continue_a_value():
    assert loads("[a]\nlist =\n    one\n    two\nx = 1\n").get("a.list") == "one\ntwo"


@pytest.mark.parametrize(
    ("line", "content"),
    [
        ("# all of it", ""),
        ("   ; all of it", ""),
        ("x = 1 # one", "x = 1"),
        ("x = 1\t; one", "x = 1"),
        ("x = a#b", "x = a#b"),
        ("x = 5' 10\"", "x = 5' 10\""),
    ],
    ids=["line", "indented", "hash", "semicolon", "inside", "quote"],
)
def test_comments_are_stripped(line, content):
    assert strip_comment(line) == content


def test_the_first_comment_mark_counts():
    assert strip_comment("x = 1 # one # two ; three") == "x = 1"


def test_quotes_are_stripped():
    assert loads('x = " padded "\n').get("x") == " padded "


def test_marks_inside_quotes_are_no_comment():
    assert loads('x = "see #4; or #5" # note\n').get("x") == "see #4; or #5"
    assert loads('x = "a #1", "b #2" ; "c"\n').get("x") == 'a #1", "b #2'


def test_refuses_a_line_without_a_key():
    with pytest.raises(SyntaxProblem, match="<text>:2: expected key = value"):
        loads("[a]\nnonsense\n")
