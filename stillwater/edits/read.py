"""Reading an answer: forgives what can be repaired with certainty, and says what it repaired."""

import re
from collections.abc import Collection, Sequence

from stillwater.edits import clean, forms
from stillwater.edits.between import without_marks
from stillwater.edits.blocks import Block, blocks
from stillwater.edits.code import understand
from stillwater.edits.cut import is_complete
from stillwater.edits.elision import elision
from stillwater.edits.model import Edit, Reading
from stillwater.edits.syntax import Defining
from stillwater.edits.text import trimmed

_THINK = re.compile(r"\s*<(think|thinking|thought)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THINK_OPEN = re.compile(r"\s*<(?:think|thinking|thought)>", re.IGNORECASE)
_THINK_END = re.compile(r"^\s*</(?:think|thinking|thought)>", re.MULTILINE | re.IGNORECASE)
_DEF = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)", re.MULTILINE)
_FORMAT = "answer with FILE, LINES, REASONING and the whole corrected definition."


def read(
    completion: str, finish_reason: str = "stop", known: Collection[str] = frozenset()
) -> Reading:
    """The edits of a completion, or the problem that leaves it without any. Never raises.

    `known` are lines of the files that the model saw, without indentation: what stands there is no
    mark of code left out.
    """
    notes: list[str] = []
    text = _plain_text(completion, notes)
    if text is None:
        return _none("The answer never left its thinking: think less, and " + _FORMAT)
    if finish_reason == "length" and is_complete(text):
        notes.append("cut off in its closing words")
    elif finish_reason == "length":
        return _none("The answer was cut off at the token limit: give a shorter one.")
    if not text.strip():
        return _none(f"The answer is empty: {_FORMAT}")
    edits: list[Edit] = []
    problem = f"The answer is only prose: {_FORMAT}"
    found = blocks(text, notes, known) or _bare_diff(text)
    spoilt: list[tuple[Block, str]] = []
    for block in found:
        made, wrong, spoils = _edits(block, notes, known)
        spoilt += [(block, wrong)] * spoils
        problem = wrong if not made else problem
        edits += [one for one in made if one not in edits]
    for block, wrong in spoilt:
        if not _is_given_whole(block, edits):
            return Reading((), tuple(dict.fromkeys(notes)), wrong)
        notes.append("code with parts left out ignored")
    edits = _agreeing(edits, notes)
    repairs = tuple(dict.fromkeys(notes))
    return Reading(tuple(edits), repairs, None) if edits else Reading((), repairs, problem)


def _is_given_whole(block: Block, edits: Sequence[Edit]) -> bool:
    """Whether the edits have all functions of a block that leaves parts out."""
    wanted = _functions("\n".join(block.code))
    same = [one for one in edits if one.old is None and block.path in {one.path, ""}]
    return bool(wanted) and wanted <= set[str]().union(*(_functions(one.code) for one in same))


def _functions(code: str) -> set[str]:
    return set(_DEF.findall(code))


def _bare_diff(text: str) -> list[Block]:
    """The whole answer as one block, where it is a diff without a fence."""
    lines = text.split("\n")
    return [Block("", None, "", tuple(lines))] if forms.is_replacing(lines) else []


def _agreeing(edits: Sequence[Edit], notes: list[str]) -> list[Edit]:
    """The edits without those that only tell again, or show, what the others do."""
    named = [one for one in edits if one.path]
    if not named:
        notes += ["FILE missing"] * bool(edits)
        return list(edits)
    if len(named) < len(edits):
        notes.append("code without FILE left out")
    whole = {one.path for one in named if one.old is None}
    kept = [one for one in named if one.old is None or one.path not in whole]
    if len(kept) < len(named):
        notes.append("diff beside the code left out")
    return kept


def _none(problem: str) -> Reading:
    return Reading((), (), problem)


def _plain_text(completion: str, notes: list[str]) -> str | None:
    text = completion.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append("line ends made plain")
    answer = after_thinking(text)
    if answer is not None and answer != text:
        notes.append("thinking left out")
    return answer


def after_thinking(text: str) -> str | None:
    """What an answer says once its thinking has ended; None where that never ends."""
    found = _THINK.match(text)
    if not found and _THINK_OPEN.match(text):
        return None
    found = found or _THINK_END.search(text)
    return text[found.end() :] if found else text


def _edits(block: Block, notes: list[str], known: Collection[str]) -> tuple[list[Edit], str, bool]:
    """The block's edits, or why it has none, and whether that spoils the whole answer."""
    lines = list(block.code)
    if block.is_replacing:
        return _replacing(block, notes, known)
    real = clean.without_placeholders(lines)
    if len(real) < len(lines):
        notes.append("placeholder left out")
    if not trimmed(real):
        return [], f"The answer is only the template's placeholders: {_FORMAT}", False
    path = block.path
    real, numbers = clean.without_numbers(_without_path(real, path, notes))
    if numbers:
        notes.append("line numbers left out")
    code = "\n".join(trimmed(real))
    whole = without_marks(code, known) if _left_out(path, code, known) else None
    if whole is not None:
        notes.append("comments that stand for other definitions left out")
    if dots := _left_out(path, whole or code, known):
        return [], dots, True
    if not path and not _defines(code):
        return [], f"The answer names no file: {_FORMAT}", False
    first, last = block.lines or numbers or (None, None)
    partial = whole is not None
    edit = Edit(path, first, last, _reasoning(block), whole or code, partial=partial)
    return [edit], "", False


def _defines(code: str) -> bool:
    tree = understand(code).tree
    return tree is not None and any(isinstance(one, Defining) for one in tree.body)


def _replacing(
    block: Block, notes: list[str], known: Collection[str]
) -> tuple[list[Edit], str, bool]:
    """The edits of a block that is a diff, or search and replace."""
    made = []
    for one in forms.replacements(block.code, block.path):
        old, _ = clean.without_numbers(one.old)
        new, _ = clean.without_numbers(one.new)
        code = "\n".join(new)
        if dots := _left_out(one.path, code, known):
            return [], dots, True
        first = one.first or (block.lines[0] if block.lines else None)
        made.append(Edit(one.path, first, None, _reasoning(block), code, "\n".join(old)))
    if not made:
        return [], "The answer's diff changes nothing, or was cut off: " + _FORMAT, False
    notes.append("diff read as edits")
    return made, "", False


def _left_out(path: str, code: str, known: Collection[str]) -> str | None:
    """The sentence for code that leaves parts out."""
    stub = path.endswith(".pyi")
    python = stub or path.endswith(".py") or "." not in path.rsplit("/", 1)[-1]
    tree = understand(code).tree if python else None
    dots = elision(code, tree, known, python=python, stub=stub)
    return dots and (
        f'The code leaves parts out ("{dots[:80]}" stands where code should): '
        "give every changed definition whole."
    )


def _reasoning(block: Block) -> str:
    return "" if clean.is_placeholder(block.reasoning) else block.reasoning


def _without_path(lines: Sequence[str], path: str, notes: list[str]) -> list[str]:
    real = trimmed(lines)
    first = real[0].strip() if real else ""
    if first.startswith("#") and first.strip("# `:").removeprefix("./") == path:
        notes.append("path left out of the code")
        return real[1:]
    return real
