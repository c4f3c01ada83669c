"""Applying an answer's edits: all of them, or none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from stillwater.edits.base import File, Splice, file_of
from stillwater.edits.emptied import require_bodies
from stillwater.edits.home import home, is_of_tests
from stillwater.edits.lacking import with_lacking_imports
from stillwater.edits.model import Applied, Edit, EditError, Placement
from stillwater.edits.once import place_once, same
from stillwater.edits.paths import is_protected
from stillwater.edits.source import Source, source_of
from stillwater.edits.syntax import Complaint, complaint


def apply(
    edits: Sequence[Edit],
    files: Source | Mapping[str, str],
    *,
    protected: Callable[[str], bool] = is_protected,
    shown: Sequence[str] = (),
) -> Applied:
    """The new texts of the files that the edits change.

    `files` are the base texts: every path that exists, read only where an edit names it; `shown`
    are the paths of those that the model saw, where a block goes that names no file.

    Tests beside code that may be changed are left out.

    Raises:
        EditError: an edit names no file or a protected one, belongs nowhere, leaves a file that
            doesn't compile, or the edits change nothing.
    """
    if not edits:
        raise EditError("The answer holds no edits.")
    source = source_of(files)
    repairs: list[str] = []
    code = [path for path in shown if not protected(path)]
    grouped = _grouped(edits, source, protected, shown, code, repairs)
    texts: dict[str, str] = {}
    placed: list[Placement] = []
    for path, group in grouped.items():
        text, splices, added = _one(path, source.read(path), group)
        repairs += [part for one in splices for part in one.repair.split("; ") if part]
        repairs += [f"import {name} added" for name in added]
        placed += [Placement(path, one.how, one.first, one.last) for one in splices]
        if text is not None:
            texts[path] = text
    if not texts:
        raise EditError(
            f"The edits change nothing in {', '.join(grouped)}: the code is as it was before."
        )
    return Applied(texts, tuple(placed), tuple(dict.fromkeys(repairs)))


def _grouped(
    edits: Sequence[Edit],
    source: Source,
    protected: Callable[[str], bool],
    shown: Sequence[str],
    code: Sequence[str],
    repairs: list[str],
) -> dict[str, list[Edit]]:
    """The edits by the files that they change, without those of tests where others remain.

    `code` are those of the files `shown` that may be changed.
    """
    paths = source.paths()
    grouped: dict[str, list[Edit]] = {}
    refused: EditError | None = None
    for edit in edits:
        path = edit.path
        try:
            path = home(edit, source, paths, shown)
            _require_free(path, protected)
        except EditError as error:
            if not is_of_tests(replace(edit, path=path), source, code):
                raise
            refused = refused or error
            repairs.append(f"tests {f'in {path}' if path else 'without FILE'} left out")
            continue
        if path != edit.path:
            repairs.append(f"FILE taken as {path}")
        grouped.setdefault(path, []).append(replace(edit, path=path))
    if refused and not grouped:
        raise refused
    return grouped


def _require_free(path: str, protected: Callable[[str], bool]) -> None:
    if protected(path):
        raise EditError(
            f"{path} is a test or configures tests and must not be changed: "
            "repair the code that it tests."
        )


def _one(
    path: str, base: str | None, edits: Sequence[Edit]
) -> tuple[str | None, list[Splice], list[str]]:
    """The new text of one file, None where it means the same as before; what was replaced, and
    the modules whose imports were added."""
    if base is None:
        raise EditError(f"{path} can't be read as text.")
    file = file_of(path, base)
    splices = place_once(file, edits)
    text = file.spliced(splices)
    if "\0" in text or not _encodes(text):
        raise EditError(f"The code for {path} holds characters that no file can.")
    added: list[str] = []
    if file.is_python:
        _check(file, text)
        require_bodies(file, file_of(path, text))
        text, added = with_lacking_imports(file, text)
    return (None if same(file, text) else text), splices, added


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _check(file: File, text: str) -> None:
    wrong = complaint(text)
    if wrong is None:
        return
    old = complaint(file.text)
    lines = File(file.path, text).lines
    # A file for another version of Python can't be judged by this one's compiler.
    if old and (old.message, _line(file.lines, old)) == (wrong.message, _line(lines, wrong)):
        return
    raise EditError(
        f"{file.path} would no longer compile: {wrong.message} in line {wrong.line}: "
        f"`{_line(lines, wrong)}`."
    )


def _line(lines: Sequence[str], wrong: Complaint) -> str:
    return lines[wrong.line - 1].strip()[:200] if 0 < wrong.line <= len(lines) else ""
