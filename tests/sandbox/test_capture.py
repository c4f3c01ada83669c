"""The bounded capture of output."""

from hypothesis import given
from hypothesis import strategies as st

from stillwater.sandbox.capture import Capture


@given(st.integers(0, 50), st.lists(st.binary(max_size=40)))
def test_what_fits_is_kept_and_what_does_not_is_counted(cap: int, chunks: list[bytes]) -> None:
    capture = Capture(cap)
    for chunk in chunks:
        capture.feed(chunk)
    whole = b"".join(chunks)
    if len(whole) <= cap:
        assert (capture.content(), capture.truncated) == (whole, False)
        return
    head = cap - cap // 4
    dropped = f"\n[stillwater: {len(whole) - cap} bytes of output dropped]\n".encode()
    tail = whole[len(whole) - cap // 4 :]
    assert (capture.content(), capture.truncated) == (whole[:head] + dropped + tail, True)


def test_a_flood_is_four_times_the_cap() -> None:
    capture = Capture(10)
    capture.feed(b"x" * 40)
    assert not capture.flooded
    capture.feed(b"x")
    assert capture.flooded
