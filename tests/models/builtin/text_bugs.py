"""Small modules with a bug of names and text."""

from tests.models.builtin.repairing import Bug

BUGS = [
    Bug(
        "wrong-attribute",
        "contains() is wrong for rectangles that are not square",
        {
            "geometry.py": '''"""Rectangles."""


class Rectangle:
    def __init__(self, left, top, width, height):
        self.left = left
        self.top = top
        self.width = width
        self.height = height

    @property
    def right(self):
        return self.left + self.width

    @property
    def bottom(self):
        return self.top + self.width

    def contains(self, x, y):
        return self.left <= x < self.right and self.top <= y < self.bottom

    def scaled(self, factor):
        return Rectangle(self.left, self.top, self.width * factor, self.height * factor)

    def area(self):
        return self.width * self.height
'''
        },
        """from geometry import Rectangle


def test_contains():
    assert Rectangle(0, 0, 2, 10).contains(1, 8)
""",
    ),
    Bug(
        "missing-lower",
        "find('Python') finds nothing although articles are tagged Python",
        {
            "tags.py": '''"""Tags of articles."""


class TagIndex:
    def __init__(self):
        self._by_tag = {}

    def add(self, article, tags):
        for tag in tags:
            self._by_tag.setdefault(tag.lower(), set()).add(article)

    def remove(self, article):
        for articles in self._by_tag.values():
            articles.discard(article)

    def find(self, tag):
        """Articles with the tag, whatever its case."""
        return sorted(self._by_tag.get(tag, ()))

    def counts(self):
        return {tag: len(articles) for tag, articles in self._by_tag.items()}
'''
        },
        """from tags import TagIndex


def test_case_does_not_matter():
    index = TagIndex()
    index.add('a', ['Python'])
    assert index.find('Python') == ['a']
""",
    ),
    Bug(
        "split-once",
        "A value that has an equals sign in it makes parse crash",
        {
            "lines.py": '''"""Reading `key = value` lines."""


def parse_line(line):
    """The key and the value, or None for a comment."""
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    key, value = line.split("=")
    return key.strip(), value.strip()


def parse(text):
    result = {}
    for line in text.splitlines():
        pair = parse_line(line)
        if pair is not None:
            result[pair[0]] = pair[1]
    return result


def dump(values):
    return "".join(f"{key} = {value}\\n" for key, value in values.items())
'''
        },
        """from lines import parse


def test_equals_sign():
    assert parse('url = http://x/?a=1') == {'url': 'http://x/?a=1'}
""",
    ),
    Bug(
        "text-compared-as-number",
        "1.10 is not considered newer than 1.9",
        {
            "versions.py": '''"""Comparing versions."""


def parts(version):
    return tuple(piece for piece in version.lstrip("v").split("."))


def newer(one, other):
    """Whether the first version is newer than the second."""
    return parts(one) > parts(other)


def latest(versions):
    return max(versions, key=parts)


def compatible(one, other):
    return parts(one)[0] == parts(other)[0]
'''
        },
        """from versions import newer


def test_ten_is_more_than_nine():
    assert newer('1.10', '1.9')
""",
    ),
    Bug(
        "slug-strip",
        "Slugs of titles that end in punctuation have a hyphen at the end.",
        {
            "slug.py": '''import re

_WORDS = re.compile(r"[^a-z0-9]+")


def slugify(title, limit=40):
    """A title as part of a URL."""
    slug = _WORDS.sub("-", title.lower())
    return shorten(slug.lstrip("-"), limit)


def shorten(slug, limit):
    if len(slug) <= limit:
        return slug
    return slug[:limit].rpartition("-")[0]


def unique(slug, taken):
    number = 2
    name = slug
    while name in taken:
        name = f"{slug}-{number}"
        number += 1
    return name
'''
        },
        """from slug import slugify


def test_end():
    assert slugify("Hello, World!") == "hello-world"
""",
    ),
    Bug(
        "env-case",
        "Bool settings given as 'True' are read as false.",
        {
            "env.py": '''TRUE = ("1", "true", "yes", "on")


def read_bool(values, name, default=False):
    """A flag."""
    text = values.get(name)
    if text is None:
        return default
    return text.strip() in TRUE


def read_int(values, name, default=0):
    text = values.get(name, "").strip()
    return int(text) if text else default


def read_list(values, name):
    return [part.strip() for part in values.get(name, "").split(",") if part.strip()]
'''
        },
        """from env import read_bool


def test_case():
    assert read_bool({"X": "True"}, "X") is True
""",
    ),
    Bug(
        "table-width",
        "Columns are too narrow when the header is longer than the values.",
        {
            "table.py": '''def widths(header, rows):
    """The width of each column."""
    result = [len(name) for name in header]
    for row in rows:
        for at, value in enumerate(row):
            result[at] = min(result[at], len(str(value)))
    return result


def render(header, rows):
    sizes = widths(header, rows)
    lines = [line(header, sizes), line(["-" * size for size in sizes], sizes)]
    lines += [line(row, sizes) for row in rows]
    return "\\n".join(lines)


def line(values, sizes):
    return " ".join(str(v).ljust(s) for v, s in zip(values, sizes)).rstrip()
'''
        },
        """from table import render


def test_header():
    assert render(["name"], [["a"]]) == "name\\n----\\na"
""",
    ),
]
