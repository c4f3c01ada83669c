"""A file as mutations need it: its tree, exact spans in its text, and its definitions as units."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

Definition = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def words(text: str) -> list[str]:
    """The words of a text or of its identifiers, lower-case: `parseHTTP_date` is three."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)]


class Source:
    """One file: `text`, `tree`, and where each node stands in the text."""

    def __init__(self, path: str, text: str, tree: ast.Module) -> None:
        self.path = path
        self.text = text
        self.tree = tree
        self.data = text.encode()
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line.encode()) + 1)
        self.known_conditions: list[tuple[str, frozenset[str]]] | None = None
        self.known_members: dict[ast.ClassDef, list[ast.AST]] = {}
        self.parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node

    def span(self, node: ast.AST) -> tuple[int, int]:
        """First and last-plus-one byte of a node."""
        first = self.starts[getattr(node, "lineno", 1) - 1] + getattr(node, "col_offset", 0)
        last = self.starts[getattr(node, "end_lineno", 1) - 1] + getattr(node, "end_col_offset", 0)
        return first, last

    def of(self, node: ast.AST) -> str:
        """The text of a node, as written."""
        first, last = self.span(node)
        return self.data[first:last].decode(errors="replace")

    def between(self, left: ast.AST, right: ast.AST) -> tuple[int, str]:
        """What is written between two nodes, and where it starts."""
        first, last = self.span(left)[1], self.span(right)[0]
        return first, self.data[first:last].decode(errors="replace")

    def indent(self, node: ast.stmt) -> str:
        """The white space before a statement; "" when something else is before it."""
        line = self.lines[node.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def starts_line(self, node: ast.stmt) -> bool:
        """Whether nothing but white space is before a statement."""
        line = self.lines[node.lineno - 1].encode()
        return not line[: node.col_offset].strip()

    def members(self, owner: ast.ClassDef | None) -> list[ast.AST]:
        """All nodes of a class; none where there is no class."""
        if owner is None:
            return []
        if owner not in self.known_members:
            self.known_members[owner] = list(ast.walk(owner))
        return self.known_members[owner]

    @cached_property
    def module_names(self) -> frozenset[str]:
        """Names that the module's top level binds: imports, definitions, assignments."""
        return frozenset(_bound(self.tree.body))

    @cached_property
    def definitions(self) -> dict[str, list[Definition]]:
        """All functions and methods of the file by name."""
        found: dict[str, list[Definition]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, DEFINITIONS):
                found.setdefault(node.name, []).append(node)
        return found

    @cached_property
    def constructors(self) -> dict[str, list[Definition]]:
        """The `__init__` of each class, by the class's name."""
        found: dict[str, list[Definition]] = {}
        for definition in self.definitions.get("__init__", []):
            owner = self.parents[definition]
            if isinstance(owner, ast.ClassDef):
                found.setdefault(owner.name, []).append(definition)
        return found

    @cached_property
    def method_calls(self) -> frozenset[str]:
        """Each `receiver.method` that the file calls, as written."""
        calls = (node.func for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return frozenset(self.of(func) for func in calls if isinstance(func, ast.Attribute))

    @cached_property
    def attributes(self) -> dict[str, dict[str, bool]]:
        """What is read of each name, `name.attribute`, and whether it is called."""
        found: dict[str, dict[str, bool]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                parent = self.parents[node]
                called = isinstance(parent, ast.Call) and parent.func is node
                found.setdefault(node.value.id, {}).setdefault(node.attr, called)
        return found

    @cached_property
    def loads(self) -> dict[str, int]:
        """How often each name or attribute is read in the file."""
        count: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                count[node.id] = count.get(node.id, 0) + 1
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                count[node.attr] = count.get(node.attr, 0) + 1
        return count


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                yield (alias.asname or alias.name).split(".")[0]
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id


@dataclass(eq=False)
class Unit:
    """What an answer replaces as a whole: a function, a method, or a statement outside any."""

    source: Source
    node: ast.stmt
    name: str
    owner: ast.ClassDef | None
    nodes: list[ast.AST] = field(init=False)
    known_uses: dict[str, frozenset[str]] | None = field(init=False, default=None)
    known_pool: list[tuple[str, frozenset[str], bool]] | None = field(init=False, default=None)
    known_terms: list[tuple[str, frozenset[str]]] | None = field(init=False, default=None)
    known_sorts: dict[str, frozenset[str]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.nodes = list(ast.walk(self.node))

    @property
    def qualname(self) -> str:
        """`Class.method`, or the name alone."""
        return f"{self.owner.name}.{self.name}" if self.owner else self.name

    @property
    def function(self) -> Definition | None:
        """The definition, where this is one."""
        return self.node if isinstance(self.node, DEFINITIONS) else None

    @cached_property
    def lines(self) -> tuple[int, int]:
        """First line, decorators included, and last line."""
        first = self.node.lineno
        for decorator in getattr(self.node, "decorator_list", []):
            first = min(first, decorator.lineno)
        return first, self.node.end_lineno or first

    @cached_property
    def body_words(self) -> list[str]:
        """All words of the text, names and comments alike."""
        first, last = self.lines
        return words("\n".join(self.source.lines[first - 1 : last]))

    @cached_property
    def docstring(self) -> str:
        """What it says of itself."""
        return (ast.get_docstring(self.function) or "") if self.function is not None else ""

    @cached_property
    def refers(self) -> frozenset[str]:
        """Names and attributes that it mentions."""
        found = {n.id for n in self.nodes if isinstance(n, ast.Name)}
        return frozenset(found | {n.attr for n in self.nodes if isinstance(n, ast.Attribute)})

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Its parameters, without self and cls."""
        if self.function is None:
            return ()
        args = self.function.args
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        more = [arg for arg in (args.vararg, args.kwarg) if arg]
        return tuple(a.arg for a in [*named, *more] if a.arg not in ("self", "cls"))

    @cached_property
    def returns(self) -> list[ast.expr]:
        """All values that it returns."""
        found = (n.value for n in self.nodes if isinstance(n, ast.Return))
        return [value for value in found if value is not None]

    @cached_property
    def first_bound(self) -> dict[str, int]:
        """Each local name and the line that first binds it."""
        bound = dict.fromkeys(self.parameters, 0)
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound[node.id] = min(bound.get(node.id, node.lineno), node.lineno)
        return bound

    @cached_property
    def reads(self) -> Counter[str]:
        """How often it reads each name."""
        loads = (n for n in self.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
        return Counter(node.id for node in loads)

    @cached_property
    def unused(self) -> frozenset[str]:
        """Locals that nothing in it reads: a hint that something should."""
        idle = self.first_bound.keys() - self.reads.keys()
        return frozenset(name for name in idle if not name.startswith("_"))

    @cached_property
    def self_attributes(self) -> tuple[frozenset[str], frozenset[str]]:
        """What its class keeps on self, and its methods."""
        if self.owner is None:
            return frozenset(), frozenset()
        methods = {n.name for n in self.owner.body if isinstance(n, DEFINITIONS)}
        kept = {
            n.attr
            for n in self.source.members(self.owner)
            if isinstance(n, ast.Attribute)
            and isinstance(n.ctx, ast.Store)
            and isinstance(n.value, ast.Name)
            and n.value.id == "self"
        }
        kept |= {
            n.target.id
            for n in self.owner.body
            if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
        }
        return frozenset(kept), frozenset(methods)


def units(source: Source) -> Iterator[Unit]:
    """All units of a file, in its order."""
    yield from _units(source, source.tree.body, None)


def _units(source: Source, body: list[ast.stmt], owner: ast.ClassDef | None) -> Iterator[Unit]:
    for statement in body:
        if isinstance(statement, DEFINITIONS):
            yield Unit(source, statement, statement.name, owner)
        elif isinstance(statement, ast.ClassDef):
            yield from _units(source, statement.body, statement)
        elif isinstance(statement, ast.If | ast.Try) and any(
            isinstance(n, (*DEFINITIONS, ast.ClassDef)) for n in ast.walk(statement)
        ):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(statement, part, []):
                    nested = inner.body if isinstance(inner, ast.ExceptHandler) else [inner]
                    yield from _units(source, nested, owner)
        elif not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
            yield Unit(source, statement, _target(statement), owner)


def _target(statement: ast.stmt) -> str:
    names = [n.id for n in ast.walk(statement) if isinstance(n, ast.Name)]
    return names[0] if names else ""
