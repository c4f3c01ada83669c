"""Reading an answer: forgives what can be repaired with certainty, and says what it repaired."""

import re
from collections.abc import Sequence

from stillwater.edits import clean
from stillwater.edits.blocks import Block, blocks
from stillwater.edits.code import understand
from stillwater.edits.elision import elision
from stillwater.edits.model import Edit, Reading
from stillwater.edits.text import trimmed

_THINK = re.compile(r"\s*<(think|thinking|thought)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THINK_OPEN = re.compile(r"\s*<(?:think|thinking|thought)>", re.IGNORECASE)
_THINK_END = re.compile(r"^\s*</(?:think|thinking|thought)>", re.MULTILINE | re.IGNORECASE)
_FORMAT = "answer with FILE, LINES, REASONING and the whole corrected definition."


def read(completion: str, *, finish_reason: str = "stop") -> Reading:
    """The edits of a completion, or the problem that leaves it without any. Never raises."""
    if finish_reason == "length":
        return _none("The answer was cut off at the token limit: give a shorter one.")
    notes: list[str] = []
    text = _plain_text(completion, notes)
    if text is None:
        return _none("The answer never left its thinking: think less, and " + _FORMAT)
    if not text.strip():
        return _none(f"The answer is empty: {_FORMAT}")
    edits: list[Edit] = []
    problem = f"The answer is only prose: {_FORMAT}"
    for block in blocks(text, notes):
        edit, wrong, spoilt = _edit(block, notes)
        if spoilt:
            return Reading((), tuple(dict.fromkeys(notes)), wrong)
        if edit is None:
            problem = wrong
        elif edit not in edits:
            edits.append(edit)
    found = tuple(dict.fromkeys(notes))
    return Reading(tuple(edits), found, None) if edits else Reading((), found, problem)


def _none(problem: str) -> Reading:
    return Reading((), (), problem)


def _plain_text(completion: str, notes: list[str]) -> str | None:
    text = completion.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append("line ends made plain")
    if found := _THINK.match(text):
        text = text[found.end() :]
        notes.append("thinking left out")
    elif _THINK_OPEN.match(text):
        return None
    elif found := _THINK_END.search(text):
        text = text[found.end() :]
        notes.append("thinking left out")
    return text


def _edit(block: Block, notes: list[str]) -> tuple[Edit | None, str, bool]:
    """The block's edit, or why it isn't one, and whether that spoils the whole answer."""
    lines = list(block.code)
    if clean.is_diff(lines):
        return None, "The answer holds a diff: give the whole corrected definition instead.", True
    real = clean.without_placeholders(lines)
    if len(real) < len(lines):
        notes.append("placeholder left out")
    if block.path == clean.PLACEHOLDER_PATH or not trimmed(real):
        return None, f"The answer is only the template's placeholders: {_FORMAT}", False
    real, numbers = clean.without_numbers(_without_path(real, block.path, notes))
    if numbers:
        notes.append("line numbers left out")
    code = "\n".join(trimmed(real))
    stub = block.path.endswith(".pyi")
    python = stub or block.path.endswith(".py") or "." not in block.path.rsplit("/", 1)[-1]
    tree = understand(code).tree if python else None
    if dots := elision(code, tree, python=python, stub=stub):
        return (
            None,
            (
                f'The code leaves parts out ("{dots[:80]}" stands where code should): '
                "give every changed definition whole."
            ),
            True,
        )
    if not block.path:
        return None, f"The answer names no file: {_FORMAT}", False
    first, last = block.lines or numbers or (None, None)
    reasoning = "" if clean.is_placeholder(block.reasoning) else block.reasoning
    return Edit(block.path, first, last, reasoning, code), "", False


def _without_path(lines: Sequence[str], path: str, notes: list[str]) -> list[str]:
    real = trimmed(lines)
    first = real[0].strip() if real else ""
    if first.startswith("#") and first.strip("# `:").removeprefix("./") == path:
        notes.append("path left out of the code")
        return real[1:]
    return real
