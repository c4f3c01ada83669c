"""Giving a definition the indentation, the comments and the white space of the place it goes to."""

import ast
import re
from collections.abc import Sequence

from stillwater.edits.base import File, Splice
from stillwater.edits.code import Code
from stillwater.edits.model import Edit
from stillwater.edits.syntax import Defining, Definition, first_line, last_line
from stillwater.edits.text import indent, is_blank, is_comment, shifted

_CUT = 3
"""How far from the stated last line a definition that was cut short may end."""
_GONE = (
    r"\b(?:remov\w+|drop\w*|delet\w+|unnecessary|redundant|needless|superfluous|without|"
    r"tak\w+ out|no|not an?)\b"
)
_SMALL = r"(?:\W+(?:the|an?|this|that|its|any|extra|unnecessary|redundant))*\W+"
_BEING = r"(?:\W+(?:is|was|are|were|should|must|can|be|has|to|here))*\W+"


def moved(
    file: File, code: Code, edit: Edit, node: Defining, target: Definition, more: bool = False
) -> Splice:
    """What replaces `target` by `node`, the definition of the block.

    `more` says that it isn't all that the block changes.
    """
    first, last = first_line(node), last_line(node)
    start, end = target.first, _end(file, code, edit, node, target)
    above = _comments(code.lines, first)
    old_above = _comments(file.lines, start)
    if above and (not old_above or _share(above, old_above)):
        first -= len(above)
        start -= len(old_above)
    below = _tail(code.lines, last, indent(code.lines[last - 1]), node)
    if below:
        last += below
        end += _tail(file.lines, end, indent(file.lines[end - 1]), target.node)
    give = file.indent_at(target.first)
    take = code.lead(node)
    if take == "" and _only_head_lost(code, node, target, give):
        lines = _head_restored(code, first, last, node, give)
    else:
        lines = code.at(first, last, take, give, file.slice(start, end))
    made = tuple(in_style(file, lines, code))
    if not above and _forgets_decorators(edit, node, target):
        head = target.node.lineno
        if more or [one.strip() for one in made] != [one.strip() for one in file.slice(head, end)]:
            return Splice(head, end, made, "definition", f"decorators of {node.name} kept")
    return Splice(start, end, made, "definition")


def _forgets_decorators(edit: Edit, node: Defining, target: Definition) -> bool:
    """Whether the answer leaves out the decorators, and its reasoning doesn't say that they go.

    Where the answer changes nothing else, to leave them out is the repair.
    """
    old = target.node.decorator_list
    if not old or node.decorator_list:
        return False
    names = [ast.unparse(one).partition("(")[0] for one in old]
    return not any(_says_gone(edit.reasoning, name) for name in names)


def _says_gone(reasoning: str, name: str) -> bool:
    """Whether the reasoning says of the decorator that it goes, and doesn't only mention it."""
    word = rf"(?:{re.escape(name)}|decorat(?:or|ion)s?)"
    gone = rf"{_GONE}{_SMALL}{word}\b|\b{word}(?: decorator)?{_BEING}{_GONE}"
    return bool(re.search(rf"{gone}|\bdecorators?{_BEING}(?:wrong|incorrect)", reasoning, re.I))


def _end(file: File, code: Code, edit: Edit, node: Defining, target: Definition) -> int:
    """The last line to replace: not the definition's, where the answer states and gives less of it.

    Then LINES end inside the definition, at a line that the code ends with too or at the only one
    that it changes, and nothing of what follows is in the code. Code that ends with the function's
    own return is all of it.
    """
    if edit.last is None or not target.first <= edit.last < target.last:
        return target.last
    given = [line.strip() for line in code.lines[first_line(node) - 1 : last_line(node)]]
    near = [edit.last + off for off in sorted(range(-_CUT, _CUT + 1), key=abs)]
    inside = [at for at in near if target.node.lineno < at < target.last]
    ends = [at for at in inside if file.lines[at - 1].strip() == given[-1]]
    start = target.first if node.decorator_list else target.node.lineno
    returns = isinstance(node.body[-1], ast.Return | ast.Raise)
    before = [line.strip() for line in file.slice(start, edit.last - 1)]
    if before == given[:-1] and not returns:
        ends.append(edit.last)
    for at in ends:
        rest = {line.strip() for line in file.slice(at + 1, target.last)} - {""}
        if rest and rest.isdisjoint(given):
            return at
    return target.last


def in_style(file: File, lines: Sequence[str], code: Code) -> list[str]:
    """The lines indented by tabs or by spaces, as the file is."""
    inside = {n for first, last in code.strings for n in range(first, last + 1)} | code.still
    own_tabs = sum(line.startswith("\t") for line in code.lines)
    own_spaces = [indent(line) for n, line in enumerate(code.lines) if n not in inside]
    widths = [len(one) for one in own_spaces if one and "\t" not in one]
    if file.tabbed and widths and not own_tabs:
        unit = min(widths)
        return [_tabs(line, unit) for line in lines]
    if own_tabs and not file.tabbed and not any(line.startswith("\t") for line in file.lines):
        return [
            re.sub(r"^[ ]*\t+", lambda found: found[0].replace("\t", "    "), line)
            for line in lines
        ]
    return list(lines)


def _tabs(line: str, unit: int) -> str:
    lead = indent(line)
    tabs = lead.count("\t")
    spaces = len(lead) - tabs
    return "\t" * (tabs + spaces // unit) + " " * (spaces % unit) + line[len(lead) :]


def _comments(lines: Sequence[str], line: int) -> list[str]:
    """The comment lines directly above a line (1-based)."""
    start = line - 1
    while start > 0 and is_comment(lines[start - 1]):
        start -= 1
    return [one.strip() for one in lines[start : line - 1]]


def _share(one: Sequence[str], other: Sequence[str]) -> bool:
    return not set(one).isdisjoint(other)


def _tail(lines: Sequence[str], last: int, within: str, node: Defining) -> int:
    """How many lines after a definition are comments that still belong to its body."""
    count = 0
    least = len(indent(lines[node.lineno - 1])) if node.lineno <= len(lines) else 0
    for n in range(last, len(lines)):
        if is_comment(lines[n]) and len(indent(lines[n])) > least:
            count = n - last + 1
        elif not is_blank(lines[n]):
            break
    return count if within else 0


def _only_head_lost(code: Code, node: Defining, target: Definition, give: str) -> bool:
    """Whether the body stands where it belongs in the file, and only the first line doesn't."""
    if not give or code.margin or first_line(node) != node.lineno:
        return False
    body, old = node.body[0], target.node.body[0]
    if body.lineno == node.lineno or old.lineno == target.node.lineno:
        return False
    return body.col_offset == old.col_offset and node.col_offset == 0


def _head_restored(code: Code, first: int, last: int, node: Defining, give: str) -> list[str]:
    return [
        shifted(line, "", give) if n <= node.lineno and not line.startswith(give) else line
        for n, line in enumerate(code.lines[first - 1 : last], first)
    ]
