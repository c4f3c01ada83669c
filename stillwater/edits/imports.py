"""Imports that an answer gives above a definition."""

import ast
from collections.abc import Mapping, Sequence, Set

from stillwater.edits.base import File, Splice
from stillwater.edits.syntax import Defining, first_line, is_text, last_line
from stillwater.edits.text import is_blank, is_comment

Importing = ast.Import | ast.ImportFrom


def missing(
    file: File,
    wanted: Sequence[Importing],
    stated: int | None = None,
    running: Set[str] = frozenset(),
) -> list[Splice]:
    """What adds those of the imports that the file doesn't have.

    What the file itself defines is none of those, nor what it has for type checkers alone unless
    the answer has a use for it while `running`. Each goes next to the import that stands beside it
    in the answer, or else to the `stated` line if that is among the file's imports, or to their
    end.
    """
    if file.tree is None:
        return []
    have = {key for node in file.tree.body for key in _reachable(node)}
    checked = {key for node in file.tree.body for key in _reachable(node, checking=True)}
    have |= {key for key in checked if (key[2] or key[1].partition(".")[0]) not in running}
    own = {node.name for node in file.tree.body if isinstance(node, Defining)}
    lines = _lines_of_imports(file.tree)
    future: list[str] = []
    plain: list[str] = []
    splices: list[Splice] = []
    for n, node in enumerate(wanted):
        wished = [one for one in node.names if (one.asname or one.name) not in own]
        names = [one for one in wished if _key(node, one) not in have]
        have.update(_key(node, one) for one in names)
        if not names or _is_own(file, node):
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            future.append(_text(node, names))
        elif beside := _beside(wanted, n, lines) or _among(lines, stated):
            splices.append(Splice(beside, beside - 1, (_text(node, names),), "import"))
        else:
            plain.append(_text(node, names))
    if future:
        at = _after_head(file, file.tree)
        splices.append(Splice(at, at - 1, tuple(future), "import"))
    if plain:
        at, gap = _after_imports(file, file.tree)
        splices.append(Splice(at, at - 1, (*plain, *gap), "import"))
    return splices


def _lines_of_imports(tree: ast.Module) -> dict[str, tuple[int, int]]:
    """The first and last line of each import at the top of the file, by its text."""
    found = [one for one in tree.body if isinstance(one, Importing)]
    return {ast.unparse(one): (one.lineno, last_line(one)) for one in found}


def _beside(
    wanted: Sequence[Importing], at: int, lines: Mapping[str, tuple[int, int]]
) -> int | None:
    """The line to insert before, where the import before or after in the answer is the file's."""
    before = next((one for one in reversed(wanted[:at]) if ast.unparse(one) in lines), None)
    if before is not None:
        return lines[ast.unparse(before)][1] + 1
    after = next((one for one in wanted[at + 1 :] if ast.unparse(one) in lines), None)
    return lines[ast.unparse(after)][0] if after is not None else None


def _among(lines: Mapping[str, tuple[int, int]], stated: int | None) -> int | None:
    """The line to insert before, for imports to stand where an import is, or begins after."""
    for first, last in lines.values():
        if stated is not None and first - 1 <= stated <= last:
            return first if stated < first else last + 1
    return None


def _reachable(node: ast.stmt, *, checking: bool = False) -> list[tuple[str, str, str]]:
    """What it imports when the file is, or with `checking` for type checkers."""
    if isinstance(node, Importing):
        return [_key(node, one) for one in node.names]
    if isinstance(node, ast.Try | ast.If):
        skips = isinstance(node, ast.If) and not checking and _is_for_checkers(node.test)
        parts = [*(() if skips else node.body), *node.orelse]
        parts += [one for handler in getattr(node, "handlers", ()) for one in handler.body]
        return [key for one in parts for key in _reachable(one, checking=checking)]
    return []


def _is_for_checkers(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _key(node: Importing, name: ast.alias) -> tuple[str, str, str]:
    module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    return (module, name.name, name.asname or "")


def _text(node: Importing, names: Sequence[ast.alias]) -> str:
    shown = ", ".join(one.name + (f" as {one.asname}" if one.asname else "") for one in names)
    if isinstance(node, ast.Import):
        return f"import {shown}"
    return f"from {'.' * node.level}{node.module or ''} import {shown}"


def _is_own(file: File, node: Importing) -> bool:
    """Whether a file would import itself: a model that quotes how the code is used does that."""
    module = file.path.rsplit(".", 1)[0].removesuffix("/__init__").replace("/", ".")
    if isinstance(node, ast.ImportFrom):
        return not node.level and module in {node.module, f"src.{node.module}"}
    return any(module in {one.name, f"src.{one.name}"} for one in node.names)


def _after_imports(file: File, tree: ast.Module) -> tuple[int, tuple[str, ...]]:
    """The line to insert imports before, and the blank lines that must follow them."""
    at = 0
    for node in tree.body:
        if isinstance(node, Defining):
            break
        if isinstance(node, Importing):
            at = last_line(node) + 1
    if at:
        return at, ()
    line = _after_head(file, tree)
    follows = line <= len(file.lines) and not is_blank(file.lines[line - 1])
    return line, ("",) if follows else ()


def _after_head(file: File, tree: ast.Module) -> int:
    """The line after the docstring, or after the comments that a file starts with."""
    if tree.body and is_text(tree.body[0]):
        return last_line(tree.body[0]) + 1
    at = 1
    end = first_line(tree.body[0]) if tree.body else len(file.lines) + 1
    while at < end and (is_comment(file.lines[at - 1]) or is_blank(file.lines[at - 1])):
        at += 1
    # Comments directly above a statement belong to it, except the file's own first lines.
    while at > 1 and is_comment(file.lines[at - 2]) and not file.lines[at - 2].startswith("#!"):
        if all(is_comment(line) for line in file.lines[: at - 1]):
            break
        at -= 1
    return at
