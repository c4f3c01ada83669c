"""Which file a block goes to where it names none, or one that isn't there, or the wrong one.

Only a file that the model was shown, and only where no other can be meant: the file that defines
what the block defines.
"""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from stillwater.edits.base import File, file_of
from stillwater.edits.code import Code, understand
from stillwater.edits.model import Edit, EditError
from stillwater.edits.paths import listed, names_test, resolve
from stillwater.edits.source import Source
from stillwater.edits.syntax import Defining, first_line, last_line
from stillwater.edits.testing import only_tests
from stillwater.edits.text import resemblance

_SAME = 0.6


def home(edit: Edit, source: Source, paths: Sequence[str], shown: Sequence[str]) -> str:
    """The path of the file that the edit belongs to; `shown` are the files that the model saw.

    Raises:
        EditError: it names no file, and what it defines is in none or in several of those shown.
    """
    code = understand(edit.code)
    if not edit.path.strip():
        return _unnamed(code, source, shown)
    try:
        path = _resolved(edit.path, paths)
    except EditError:
        defining = _defining(code, source, shown) if _could_be_a_path(edit.path) else []
        if len(defining) != 1:
            raise
        return defining[0]
    return _if_elsewhere(path, code, source, shown) or path


def is_of_tests(edit: Edit, source: Source, code: Sequence[str]) -> bool:
    """Whether the edit is for a file of tests, and defines nothing that the files `code` define.

    Where it names no file, whether it holds nothing but tests.
    """
    understood = understand(edit.code)
    if not edit.path.strip():
        return understood.tree is not None and only_tests(understood.tree.body)
    names = {node.name for node in _definitions(understood)}
    texts = ((path, source.read(path) or "") for path in code)
    return names_test(edit.path) and not any(
        one.name in names for path, text in texts for one in file_of(path, text).definitions
    )


def _resolved(stated: str, paths: Sequence[str]) -> str:
    """The path meant, also where the place of the work tree stands before it."""
    parts = PurePosixPath(stated).parts
    known = set(paths)
    if stated.startswith("/") and ".." not in parts:
        for start in range(1, len(parts) - 1):
            if "/".join(parts[start:]) in known:
                return "/".join(parts[start:])
    return resolve(stated, paths)


def _could_be_a_path(stated: str) -> bool:
    return ".." not in stated and not stated.startswith(("/", "~")) and ".git/" not in stated


def _unnamed(code: Code, source: Source, shown: Sequence[str]) -> str:
    defining = _defining(code, source, shown)
    if len(defining) == 1 or (len(shown) == 1 and not defining):
        return (defining or list(shown))[0]
    if not defining and (partly := _defining_some(code, source, shown)):
        return partly
    if defining:
        raise EditError(
            f"The answer names no file, and {listed(defining)} could be meant: start each block "
            "with FILE: and the file's path."
        )
    raise EditError("The answer names no file: start each block with FILE: and the file's path.")


def _defining(code: Code, source: Source, shown: Sequence[str], least: float = 0.0) -> list[str]:
    """Those of the files shown that define everything that the code defines at its top."""
    nodes = _definitions(code)
    return [path for path in shown if nodes and _defines(path, source, _all(nodes, code, least))]


def _defining_some(code: Code, source: Source, shown: Sequence[str]) -> str | None:
    """The only file shown that defines any of what the code does, if much like the code does."""
    nodes = _definitions(code)
    files = [file_of(path, text) for path in shown if (text := source.read(path)) is not None]
    names = {node.name for node in nodes}
    having = [one for one in files if names & {each.name for each in one.definitions}]
    if len(having) != 1 or not any(_all([node], code, _SAME)(having[0]) for node in nodes):
        return None
    return having[0].path


def _definitions(code: Code) -> list[Defining]:
    return [one for one in code.tree.body if isinstance(one, Defining)] if code.tree else []


def _all(nodes: Sequence[Defining], code: Code, least: float) -> Callable[[File], bool]:
    def holds(file: File) -> bool:
        return all(
            any(
                one.name == node.name
                and resemblance(
                    code.lines[first_line(node) - 1 : last_line(node)],
                    file.slice(one.first, one.last),
                )
                >= least
                for one in file.definitions
            )
            for node in nodes
        )

    return holds


def _defines(path: str, source: Source, holds: Callable[[File], bool]) -> bool:
    text = source.read(path)
    return text is not None and holds(file_of(path, text))


def _if_elsewhere(path: str, code: Code, source: Source, shown: Sequence[str]) -> str | None:
    """The only file shown that has these definitions much as they are, where `path` has none."""
    names = {node.name for node in _definitions(code)}
    if not names or path not in shown:
        return None
    file = file_of(path, source.read(path) or "")
    if names & {one.name for one in file.definitions}:
        return None
    alike = _defining(code, source, shown, _SAME)
    return alike[0] if len(alike) == 1 else None
