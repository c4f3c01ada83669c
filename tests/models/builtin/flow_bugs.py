"""Small modules with a bug of flow and conditions."""

from tests.models.builtin.repairing import Bug

BUGS = [
    Bug(
        "return-in-loop",
        "Node.find only ever looks into the first child.",
        {
            "tree.py": '''"""A tree of named nodes."""


class Node:
    def __init__(self, name, parent=None):
        self.name = name
        self.parent = parent
        self.children = []
        if parent is not None:
            parent.children.append(self)

    def find(self, name):
        """The first node of that name, depth first."""
        if self.name == name:
            return self
        for child in self.children:
            found = child.find(name)
            return found
        return None

    def path(self):
        names = []
        node = self
        while node is not None:
            names.append(node.name)
            node = node.parent
        return "/".join(reversed(names))

    def depth(self):
        return 0 if self.parent is None else 1 + self.parent.depth()
'''
        },
        """from tree import Node


def test_second_child():
    root = Node('root')
    Node('a', root)
    b = Node('b', root)
    assert root.find('b') is b
""",
    ),
    Bug(
        "and-or",
        "A POST to a path that only allows GET is handed to the GET handler.",
        {
            "router.py": '''"""Matching paths to handlers."""


class Router:
    def __init__(self):
        self.routes = []

    def add(self, pattern, handler, methods=("GET",)):
        self.routes.append((pattern.strip("/").split("/"), handler, methods))

    def match(self, path, method="GET"):
        parts = path.strip("/").split("/")
        for pattern, handler, methods in self.routes:
            values = self._bind(pattern, parts)
            if values is not None or method in methods:
                return handler, values
        return None

    def _bind(self, pattern, parts):
        if len(pattern) != len(parts):
            return None
        values = {}
        for want, have in zip(pattern, parts):
            if want.startswith("<") and want.endswith(">"):
                values[want[1:-1]] = have
            elif want != have:
                return None
        return values
'''
        },
        """from router import Router


def test_method():
    router = Router()
    router.add('/users/<id>', 'show')
    assert router.match('/users/7') == ('show', {'id': '7'})
    assert router.match('/users/7', 'POST') is None
""",
    ),
    Bug(
        "none-guard",
        "initials() crashes for people without a middle name. Their middle should be left out.",
        {
            "people.py": '''"""Names of people."""


def full_name(person):
    """Given and family name, and the title where there is one."""
    name = f"{person['given']} {person['family']}"
    if person.get("title"):
        name = f"{person['title']} {name}"
    return name


def initials(person):
    middle = person.get("middle")
    letters = [person["given"][0], middle[:1], person["family"][0]]
    return "".join(letters).upper()


def sort_key(person):
    return person["family"].lower(), person["given"].lower()


def ordered(people):
    return sorted(people, key=sort_key)
'''
        },
        """from people import initials


def test_no_middle():
    assert initials({'given': 'Ada', 'family': 'Lovelace'}) == 'AL'
""",
    ),
    Bug(
        "forgotten-argument",
        "save() ignores the separator.",
        {
            "reports.py": '''"""Sending reports."""


def render(rows, separator=",", header=True):
    lines = []
    if header and rows:
        lines.append(separator.join(rows[0]))
    for row in rows:
        lines.append(separator.join(str(value) for value in row.values()))
    return "\\n".join(lines)


def save(rows, path, separator=",", header=True):
    text = render(rows, header=header)
    with open(path, "w") as file:
        file.write(text + "\\n")
    return path


def load(path, separator=","):
    with open(path) as file:
        names, *lines = [line.rstrip("\\n").split(separator) for line in file]
    return [dict(zip(names, line)) for line in lines]
'''
        },
        """from reports import save


def test_separator(tmp_path):
    path = save([{'a': 1, 'b': 2}], tmp_path / 'x.csv', separator=';')
    assert path.read_text() == 'a;b\\n1;2\\n'
""",
    ),
    Bug(
        "leap",
        "1900 is treated as a leap year",
        {
            "cal.py": """DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 != 0)


def days_in(month, year):
    if month == 2 and is_leap(year):
        return 29
    return DAYS[month - 1]


def day_of_year(year, month, day):
    return sum(days_in(m, year) for m in range(1, month)) + day
"""
        },
        """from cal import days_in


def test_1900():
    assert days_in(2, 1900) == 28
    assert days_in(2, 2000) == 29
""",
    ),
    Bug(
        "topo",
        "order() raises CycleError for a graph without a cycle when two nodes share a dependency",
        {
            "topo.py": '''class CycleError(ValueError):
    pass


def order(graph):
    """Dependencies first."""
    done = []
    active = set()

    def visit(node):
        if node in active:
            raise CycleError(node)
        if node in done:
            return
        active.add(node)
        for child in graph.get(node, ()):
            visit(child)
        done.append(node)

    for node in graph:
        visit(node)
    return done
'''
        },
        """from topo import order


def test_shared():
    assert order({"a": ["c"], "b": ["c"], "c": []}) == ["c", "a", "b"]
""",
    ),
]
