"""Conditions that ask too little: one more term, a wider end of a recursion."""

import ast
import re
from collections.abc import Iterator
from itertools import islice

from stillwater.models.builtin.mutation import Mutation, Site, mutates
from stillwater.models.builtin.sorts import TRUTH, sorts
from stillwater.models.builtin.source import Unit

_MOST = 12


@mutates(ast.If, ast.While, ast.IfExp, ast.comprehension)
def one_more(site: Site) -> Iterator[Mutation]:
    """A term that is asked elsewhere, or a flag that nothing asks, joined to a condition."""
    node = site.node
    tests = node.ifs if isinstance(node, ast.comprehension) else [getattr(node, "test", node)]
    for test in tests:
        whole = site.of(test)
        if "\n" in whole or isinstance(test, ast.Constant):
            continue
        options = list(islice((t for t in _terms(site, test) if t not in whole), _MOST))
        for term in options:
            opposite = term[4:] if term.startswith("not ") else f"not {term}"
            if opposite in whole:
                continue
            for word in ("and", "or"):
                mixed = isinstance(test, ast.BoolOp) and not _same(test.op, word)
                text = f"({whole}) {word} {term}" if mixed else f"{whole} {word} {term}"
                what = f"the condition becomes `{text[:80]}`"
                names = tuple(dict.fromkeys(re.findall(r"[A-Za-z_]\w*", term)))[:3]
                flag = 1.5 if names[-1] in site.unit.unused else 0.0
                yield site.swap("one-more", test, text, what, len(options), flag, names)


def _same(op: ast.boolop, word: str) -> bool:
    return isinstance(op, ast.And) == (word == "and")


def _terms(site: Site, test: ast.AST) -> Iterator[str]:
    """Conditions whose names are all known here: flags first, then those of the same file."""
    line = getattr(test, "lineno", 0)
    known = {n for n, at in site.unit.first_bound.items() if at < line}
    kept, _ = site.unit.self_attributes
    flags = [n for n in known if TRUTH in sorts(site.unit, ast.Name(n)) or n in site.unit.unused]
    if _is_method(site):
        own = {n: ast.Attribute(ast.Name("self"), n) for n in kept}
        flags += [f"self.{n}" for n in kept if TRUTH in sorts(site.unit, own[n])]
    for flag in sorted(flags):
        yield flag
        yield f"not {flag}"
    for text, locals_asked in _askable(site.unit):
        if locals_asked <= known:
            yield text


def _is_method(site: Site) -> bool:
    function = site.unit.function
    return function is not None and any(a.arg == "self" for a in function.args.args)


def _askable(unit: Unit) -> list[tuple[str, frozenset[str]]]:
    """Conditions of the file about locals of the unit, each with those locals."""
    if unit.known_terms is None:
        bound = unit.first_bound.keys()
        allowed = bound | unit.source.module_names | {"self", "cls", "len", "isinstance"}
        fits = [(text, names) for text, names in _asked(unit) if names <= allowed]
        unit.known_terms = [(text, names & bound) for text, names in fits if names & bound]
    return unit.known_terms


def _asked(unit: Unit) -> list[tuple[str, frozenset[str]]]:
    """The short conditions of the unit's file, its own class first, each with its names."""
    source = unit.source
    if source.known_conditions is None:
        found: list[tuple[str, frozenset[str]]] = []
        for node in ast.walk(source.tree):
            tests = getattr(node, "ifs", None) or [getattr(node, "test", None)]
            for test in tests if isinstance(tests, list) else []:
                terms = test.values if isinstance(test, ast.BoolOp) else [test]
                for term in terms:
                    if isinstance(term, ast.Compare | ast.UnaryOp | ast.Name | ast.Call):
                        text = source.of(term)
                        if len(text) <= 60 and "\n" not in text:
                            inside = (n.id for n in ast.walk(term) if isinstance(n, ast.Name))
                            found.append((text, frozenset(inside)))
        source.known_conditions = list(dict.fromkeys(found))
    return source.known_conditions


@mutates(ast.Compare, ast.UnaryOp)
def base_case(site: Site) -> Iterator[Mutation]:
    """The end of a recursion at one element, where only none is asked for."""
    node = site.node
    if not isinstance(site.parent, ast.If) or site.unit.function is None:
        return
    if site.unit.name not in site.unit.reads and site.unit.name not in site.unit.refers:
        return
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Name):
            text = f"len({node.operand.id}) <= 1"
            yield site.swap("base-case", node, text, f"the recursion ends when `{text}`")
        return
    assert isinstance(node, ast.Compare)
    zero = isinstance(node.comparators[0], ast.Constant) and node.comparators[0].value == 0
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq) and zero:
        text = f"{site.of(node.left)} <= 1"
        yield site.swap("base-case", node, text, f"the recursion ends when `{text}`")
