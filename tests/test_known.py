"""What is known of commits: read of git once, kept up to a size."""

from stillwater.known import Recent


def test_what_was_read_last_is_kept_up_to_a_size() -> None:
    recent = Recent(most=10)
    for blob in ("a", "b"):
        recent.put(blob, blob * 4)
    assert recent.get({"x.py": "a"}) == {"x.py": "aaaa"}
    recent.put("c", "cccc")
    # `b` was asked for longest ago.
    assert recent.get({"x.py": "a", "y.py": "b", "z.py": "c"}) == {"x.py": "aaaa", "z.py": "cccc"}


def test_what_is_larger_than_that_is_not_kept() -> None:
    recent = Recent(most=10)
    recent.put("a", "a" * 11)
    recent.put("b", "b")
    assert recent.get({"x.py": "a", "y.py": "b"}) == {"y.py": "b"}


def test_the_same_text_twice_takes_its_place_once() -> None:
    recent = Recent(most=10)
    for _ in range(5):
        recent.put("a", "aaaa")
    recent.put("b", "bbbb")
    assert len(recent.get({"x.py": "a", "y.py": "b"})) == 2
