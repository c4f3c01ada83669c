from memocache import ManualClock, memoize


def counted(**options):
    calls = []

    @memoize(**options)
    def join(*args, **kwargs):
        """Joins."""
        calls.append((args, kwargs))
        return (*args, *sorted(kwargs.items()))

    return join, calls


def test_calls_once_for_the_same_arguments():
    join, calls = counted()
    assert join(1, x=2) == join(1, x=2) == (1, ("x", 2))
    assert len(calls) == 1


def test_calls_again_for_other_arguments():
    join, calls = counted()
    join(1)
    join(2)
    join(1, x=3)
    assert len(calls) == 3


def test_order_of_keywords_does_not_matter():
    join, calls = counted()
    assert join(x=1, y=1) == join(y=1, x=1)
    assert len(calls) == 1


def test_names_of_keywords_matter():
    join, calls = counted()
    assert join(width=3) == (("width", 3),)
    assert join(height=3) == (("height", 3),)
    assert len(calls) == 2


def test_swapped_keywords_are_another_call():
    join, _ = counted()
    assert join(start=1, stop=2) != join(start=2, stop=1)


def test_typed_tells_numbers_apart():
    join, calls = counted(typed=True)
    join(1)
    join(1.0)
    assert len(calls) == 2


def test_forgets_after_its_lifetime():
    clock = ManualClock()
    join, calls = counted(ttl=5, clock=clock)
    join(1)
    clock.advance(5)
    join(1)
    assert len(calls) == 2


def test_shows_its_cache_and_keeps_its_name():
    join, _ = counted()
    join(1)
    join(1)
    assert join.cache.stats.hits == 1
    assert (join.__name__, join.__doc__) == ("join", "Joins.")
