from memocache import Cache, ManualClock, TaggedCache, dump, restore


def test_drops_all_of_a_tag():
    tagged = TaggedCache(Cache())
    tagged.set("a", 1, ["red"])
    tagged.set("b", 2, ["red", "blue"])
    tagged.set("c", 3, ["blue"])
    assert tagged.drop("red") == 2
    assert tagged.get("a") is None
    assert tagged.get("c") == 3
    assert tagged.drop("red") == 0


def test_setting_again_changes_the_tags():
    tagged = TaggedCache(Cache())
    tagged.set("a", 1, ["red"])
    tagged.set("a", 2, ["blue"])
    assert tagged.drop("red") == 0
    assert tagged.get("a") == 2


def test_dump_and_restore():
    clock = ManualClock()
    cache = Cache(ttl=10, clock=clock)
    cache.set("a", 1)
    clock.advance(4)
    cache.set("b", 2, ttl=100)
    rows = dump(cache)
    assert rows == [
        {"key": "a", "value": 1, "ttl": 6},
        {"key": "b", "value": 2, "ttl": 100},
    ]
    other = Cache(clock=clock)
    other.set("b", 3)
    restore(other, rows)
    assert other.get("b") == 3
    assert other.remaining("a") == 6
