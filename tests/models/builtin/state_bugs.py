"""Small modules with a bug of state."""

from tests.models.builtin.repairing import Bug

BUGS = [
    Bug(
        "mutable-default",
        "merge() returns items of an earlier call.",
        {
            "inventory.py": '''"""What is in stock."""


def merge(counts, extra={}):
    """The counts with the extra ones added."""
    for name, number in counts.items():
        extra[name] = extra.get(name, 0) + number
    return extra


def shortage(stock, wanted):
    """What is missing, by name."""
    missing = {}
    for name, number in wanted.items():
        have = stock.get(name, 0)
        if have < number:
            missing[name] = number - have
    return missing


def total(counts):
    return sum(counts.values())
'''
        },
        """from inventory import merge


def test_merge_starts_afresh():
    merge({'nail': 2})
    assert merge({'bolt': 1}) == {'bolt': 1}
""",
    ),
    Bug(
        "falsy-value",
        "Setting retries to 0 has no effect, the default 3 is used.",
        {
            "settings.py": '''"""Settings with layers."""

DEFAULTS = {"retries": 3, "timeout": 30, "colour": True}


class Settings:
    def __init__(self, layers=()):
        self.layers = [DEFAULTS, *layers]

    def get(self, name, default=None):
        """The value of the topmost layer that has the name."""
        for layer in reversed(self.layers):
            if layer.get(name):
                return layer[name]
        return default

    def names(self):
        return sorted({name for layer in self.layers for name in layer})

    def as_dict(self):
        return {name: self.get(name) for name in self.names()}
'''
        },
        """from settings import Settings


def test_zero_counts():
    assert Settings([{'retries': 0}]).get('retries') == 0
""",
    ),
    Bug(
        "cache-key",
        "Once a page was rendered in English, it is English for everyone, whatever the locale.",
        {
            "memo.py": '''"""A cache of rendered templates."""


class Renderer:
    def __init__(self, templates):
        self.templates = templates
        self._cache = {}

    def render(self, name, user, locale="en"):
        key = (name, user)
        if key not in self._cache:
            self._cache[key] = self._build(name, user, locale)
        return self._cache[key]

    def _build(self, name, user, locale):
        text = self.templates[locale][name]
        return text.replace("{user}", user)

    def forget(self, name):
        for key in [k for k in self._cache if k[0] == name]:
            del self._cache[key]
'''
        },
        """from memo import Renderer


def test_locales():
    renderer = Renderer({'en': {'hi': 'Hi {user}'}, 'de': {'hi': 'Hallo {user}'}})
    assert renderer.render('hi', 'Ann') == 'Hi Ann'
    assert renderer.render('hi', 'Ann', locale='de') == 'Hallo Ann'
""",
    ),
    Bug(
        "removed-while-iterating",
        "drop_finished leaves some finished jobs in the queue when they are next to each other",
        {
            "jobs.py": '''"""A queue of jobs with priorities."""


class JobQueue:
    def __init__(self, limit=None):
        self.limit = limit
        self._jobs = []

    def push(self, job, priority=0):
        if self.limit is not None and len(self._jobs) >= self.limit:
            raise OverflowError("queue is full")
        self._jobs.append((priority, job))

    def pop(self):
        """The job of the highest priority; of several, the oldest."""
        best = max(self._jobs, key=lambda pair: pair[0])
        self._jobs.remove(best)
        return best[1]

    def drop_finished(self, finished):
        for pair in self._jobs:
            if pair[1] in finished:
                self._jobs.remove(pair)

    def __len__(self):
        return len(self._jobs)
'''
        },
        """from jobs import JobQueue


def test_neighbours():
    queue = JobQueue()
    queue.push('a')
    queue.push('b')
    queue.drop_finished({'a', 'b'})
    assert len(queue) == 0
""",
    ),
    Bug(
        "copy-of-state",
        "Changing the list returned by Basket.items() changes the basket.",
        {
            "basket.py": '''class Basket:
    def __init__(self):
        self._items = []
        self._prices = {}

    def add(self, name, price, count=1):
        self._items.extend([name] * count)
        self._prices[name] = price

    def items(self):
        """The names, in order of adding."""
        return self._items

    def total(self):
        return sum(self._prices[name] for name in self._items)

    def discount(self, percent):
        return self.total() * (100 - percent) / 100
'''
        },
        """from basket import Basket


def test_copy():
    basket = Basket()
    basket.add("apple", 3)
    basket.items().clear()
    assert basket.total() == 3
""",
    ),
    Bug(
        "lru-order",
        "The cache evicts the entry that was used most recently instead of the oldest.",
        {
            "lru.py": """from collections import OrderedDict


class Lru:
    def __init__(self, size):
        self.size = size
        self._data = OrderedDict()

    def get(self, key, default=None):
        if key not in self._data:
            return default
        self._data.move_to_end(key)
        return self._data[key]

    def put(self, key, value):
        self._data[key] = value
        self._data.move_to_end(key)
        if len(self._data) > self.size:
            self._data.popitem(last=True)

    def __len__(self):
        return len(self._data)
"""
        },
        """from lru import Lru


def test_evicts_oldest():
    cache = Lru(2)
    for key in "abc":
        cache.put(key, key)
    assert cache.get("a") is None
    assert cache.get("c") == "c"
""",
    ),
]
