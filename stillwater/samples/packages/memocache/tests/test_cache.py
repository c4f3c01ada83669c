import pytest

from memocache import Cache, ManualClock


def test_keeps_and_forgets():
    cache = Cache()
    cache.set("a", 1)
    assert cache.get("a") == 1
    assert "a" in cache
    assert cache.delete("a")
    assert not cache.delete("a")
    assert cache.get("a", "none") == "none"


def test_the_least_recently_used_goes_first():
    cache = Cache(maxsize=2)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.get("a")
    cache.set("c", 3)
    assert list(cache.keys()) == ["a", "c"]
    assert cache.stats.evictions == 1


def test_setting_again_counts_as_use():
    cache = Cache(maxsize=3)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.set("a", 3)
    assert list(cache.keys()) == ["b", "a"]
    assert cache.get("a") == 3


def test_setting_again_evicts_nobody():
    cache = Cache(maxsize=2)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.set("b", 3)
    assert list(cache.keys()) == ["a", "b"]
    assert cache.stats.evictions == 0


def test_setting_the_only_entry_again_does_not_report_it_as_evicted():
    evicted = []
    cache = Cache(maxsize=1, on_evict=lambda key, value: evicted.append(key))
    cache.set("a", 1)
    cache.set("a", 2)
    assert cache.get("a") == 2
    assert evicted == []


def test_tells_what_it_evicts():
    evicted = []
    cache = Cache(maxsize=1, on_evict=lambda key, value: evicted.append((key, value)))
    cache.set("a", 1)
    cache.set("b", 2)
    assert evicted == [("a", 1)]


def test_without_a_limit():
    cache = Cache(maxsize=None)
    for number in range(1000):
        cache.set(number, number)
    assert len(cache) == 1000


def test_entries_expire():
    clock = ManualClock()
    cache = Cache(ttl=10, clock=clock)
    cache.set("a", 1)
    clock.advance(9)
    assert cache.get("a") == 1
    clock.advance(1)
    assert "a" not in cache
    assert cache.get("a") is None
    assert cache.stats.expirations == 1


def test_a_lifetime_of_its_own():
    clock = ManualClock()
    cache = Cache(ttl=10, clock=clock)
    cache.set("a", 1, ttl=100)
    cache.set("b", 2, ttl=0)
    assert "b" not in cache
    assert cache.remaining("a") == 100
    with pytest.raises(KeyError):
        cache.remaining("b")


def test_expired_entries_go_before_live_ones():
    clock = ManualClock()
    cache = Cache(maxsize=2, clock=clock)
    cache.set("live", 1)
    cache.set("short", 2, ttl=5)
    clock.advance(5)
    cache.set("new", 3)
    assert list(cache.keys()) == ["live", "new"]
    assert cache.stats.evictions == 0


def test_len_counts_the_living():
    clock = ManualClock()
    cache = Cache(clock=clock)
    cache.set("a", 1, ttl=5)
    cache.set("b", 2)
    clock.advance(6)
    assert len(cache) == 1


def test_computes_once():
    cache, calls = Cache(), []

    def compute():
        calls.append(1)
        return "x"

    assert cache.get_or_compute("a", compute) == "x"
    assert cache.get_or_compute("a", compute) == "x"
    assert len(calls) == 1


def test_refuses_a_size_of_nothing():
    with pytest.raises(ValueError, match="maxsize"):
        Cache(maxsize=0)


def test_statistics():
    cache = Cache()
    assert cache.stats.hit_rate == 0.0
    cache.set("a", 1)
    cache.get("a")
    cache.get("b")
    assert (cache.stats.hits, cache.stats.misses, cache.stats.hit_rate) == (1, 1, 0.5)
    cache.stats.reset()
    assert cache.stats.requests == 0


def test_the_clock_does_not_run_backwards():
    with pytest.raises(ValueError, match="backwards"):
        ManualClock().advance(-1)
