import pytest

from waypost import clean_path, join
from waypost.path import split_target


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a//b/", "/a/b/"),
        ("/a/./b/../c", "/a/c"),
        ("/../../a", "/a"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
    ],
    ids=["empty", "root", "plain", "doubled", "dots", "above", "root-again", "folder"],
)
def test_cleans_paths(path, cleaned):
    assert clean_path(path) == cleaned


def test_joins():
    assert join("/api/", "/users") == "/api/users"
    assert join("/api", "/") == "/api/"
    assert join("", "/") == "/"
    assert join() == "/"


def test_splits_a_target():
    assert split_target("/a?b=1?2#c") == ("/a", "b=1?2")
    assert split_target("/a#c?d") == ("/a", "")
