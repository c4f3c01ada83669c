"""Code that leaves parts out, told apart from an Ellipsis that belongs there."""

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from stillwater.edits.syntax import Function

_DOTS = r"(?:\.\.\.|…)"
_PART = (
    r"(?:\w+ )?(?:functions?|methods?|class(?:es)?|code|file|body|implementation|module|"
    r"definitions?|logic|imports?|lines|attributes?|properties|parts?)"
)
_PARTS = rf"{_PART}(?:(?:,|,? and| or) {_PART})*"
_OWN = r"(?:function|method|class|code|body|implementation|logic)"
_THE = r"(?:(?:all|the|this|that|your|my|its) )*"
_STATE = (
    r"(?: (?:(?:remains?|is|stays?|goes|are|kept|keeps) )?(?:exactly )?"
    r"(?:unchanged|(?:the )?same|as(?: it| they)? (?:is|are)|as before|as above|here|"
    r"omitted|untouched|intact|not shown|for brevity))"
)
_LEFT = r"\b(?:rest|remaining|remainder|existing|unchanged|same|previous|other|original|omitted)\b"
_KEPT = (
    # "rest of code", "the rest of this function is unchanged", "rest stays the same"
    rf"{_THE}(?:rest|remainder) of {_THE}{_PARTS}{_STATE}*"
    rf"|{_THE}(?:rest|remainder){_STATE}+"
    # "existing code", "all other methods and attributes remain the same"
    rf"|{_THE}(?:existing|remaining|previous|other|original|same) {_PARTS}{_STATE}*"
)
_ELIDING = re.compile(
    r"(?:"
    # "... existing code ...", "...", "... rest of the function"
    rf"{_DOTS}(?:.{{0,60}}{_DOTS})?"
    # "... existing code to split the value", "... other cases remain the same"
    rf"|{_DOTS}.*\b(?:existing|rest|remaining|remainder|unchanged|omitted|remains? the same)\b.*"
    rf"|{_DOTS}\W*(?:\w+\W+){{0,3}}(?:rest|remaining|existing|unchanged|same|previous|other|"
    r"original|omitted|code|implementation|before|body|methods)\b(?:\W+\w+){0,3}"
    rf"|{_DOTS}\W*no(?:thing)? (?:other )?changes?\b(?:\W+\w+){{0,3}}"
    # "rest of code...", "same as before", "the remaining methods stay unchanged"
    rf"|.{{0,40}}{_LEFT}.{{0,40}}{_DOTS}"
    rf"|(?:{_DOTS}\W*)?(?:(?:keep|leave) )?(?:{_KEPT})"
    # "implementation remains the same", "code omitted for brevity", "unchanged code"
    rf"|{_THE}(?:{_OWN} )?{_OWN} (?:(?:remains?|stays?) (?:unchanged|the same|as (?:it )?is)|"
    r"(?:is )?omitted)(?: for brevity)?"
    r"|unchanged (?:code|methods?|functions?|body|implementation|logic)"
    r"|(?:(?:remains?|is|stays?) )?(?:unchanged|the same|(?:same )?as (?:before|above)|"
    r"omitted for brevity)"
    r")[.:)\]]*",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"(?:pass|\.\.\.|…)\s*(#.*)")
"""A statement that does nothing, and the comment behind it."""
_STUB = re.compile(r"(?:async +)?def +(\w+)\(.*: *\.\.\.$")
_DECORATED = ("overload", "abstract")
_BASES = ("Protocol", "ABC")


def elision(
    code: str,
    tree: ast.Module | None,
    known: Collection[str] = frozenset(),
    *,
    python: bool = True,
    stub: bool = False,
) -> str | None:
    """The line of the code that stands for code left out, or None where nothing is left out.

    `tree` is the code's, if it is Python and parses; `known` are lines that stand for nothing
    else; `stub` says that the file only has signatures.
    """
    for line in code.splitlines():
        text = line.strip()
        if _comment(text) and text in known:
            continue
        if stands_for_code(text):
            return text
        if text in {"…", "[…]"} or (python and tree is None and text in {"...", "[...]", "(...)"}):
            return text
    stubs = {found[1] for line in known if line.endswith("...") and (found := _STUB.match(line))}
    if tree is not None and not stub and any(True for _ in _left_out(tree, stubs)):
        return "..."
    return None


def stands_for_code(line: str) -> bool:
    """Whether the line, without indentation, has a comment that stands for code left out."""
    comment = _comment(line)
    return 0 < len(comment) < 120 and bool(_ELIDING.fullmatch(comment.rstrip("->*/ ")))


def _comment(line: str) -> str:
    """What a comment says that is alone on its line, or behind a statement that does nothing."""
    empty = _EMPTY.fullmatch(line)
    text = empty[1] if empty else line
    return text.lstrip("#/<!-* ([") if text.startswith(("#", "//", "<!--", "/*")) else ""


def _left_out(tree: ast.Module, stubs: Collection[str]) -> Iterator[ast.stmt]:
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, abstract = waiting.pop()
        for body in _bodies(node):
            dots = [one for one in body if _is_dots(one)]
            if dots and not (_alone(body) and (_belongs(node, abstract) or _is_in(stubs, node))):
                yield dots[0]
            waiting.extend((one, abstract or _is_abstract(one)) for one in body)
        handlers = [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
        waiting.extend((one, abstract) for one in handlers)


def _bodies(node: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        body = getattr(node, field, None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            yield body


def _is_dots(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and node.value.value is Ellipsis
    )


def _alone(body: Sequence[ast.stmt]) -> bool:
    return all(_is_dots(one) or isinstance(one, ast.Expr) for one in body)


def _belongs(node: ast.AST, abstract: bool) -> bool:
    if isinstance(node, Function):
        return abstract
    return isinstance(node, ast.ClassDef | ast.ExceptHandler | ast.With | ast.AsyncWith)


def _is_in(stubs: Collection[str], node: ast.AST) -> bool:
    """Whether it is one of the functions that have their dots on the line of their def."""
    if not isinstance(node, Function):
        return False
    return node.name in stubs and node.body[0].lineno == node.lineno


def _is_abstract(node: ast.stmt) -> bool:
    if isinstance(node, Function):
        named = [ast.unparse(one) for one in node.decorator_list]
        return any(word in text for text in named for word in _DECORATED)
    if isinstance(node, ast.ClassDef):
        named = [ast.unparse(one) for one in node.bases]
        named += [ast.unparse(one.value) for one in node.keywords]
        return any(word in text for text in named for word in _BASES)
    return False
