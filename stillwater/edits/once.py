"""Answers that give the same lines twice: quoted before they are changed, or said again."""

from collections.abc import Sequence

from stillwater.edits.base import File, Splice, told
from stillwater.edits.model import Edit
from stillwater.edits.place import Overlap, place
from stillwater.edits.syntax import alike, is_text, parse

QUOTED = "code quoted as it was left out"
AGAIN = "code said again taken once"


def place_once(file: File, edits: Sequence[Edit]) -> list[Splice]:
    """What `place` says, also where edits meet: blocks that change nothing don't count there, and
    blocks that each come to the same code count as one.

    Raises:
        EditError: as `place` does; of edits that meet and differ, too.
    """
    try:
        return place(file, edits)
    except Overlap as overlap:
        alone = {edit: place(file, [edit]) for edit in dict.fromkeys(edits)}
        changing = [
            edit
            for edit, one in alone.items()
            if not _comes_to_the_same(file, file.spliced(one), file.text)
        ]
        if not changing:
            return next(iter(alone.values()))
        if len(changing) < len(alone):
            return told(place_once(file, changing), [QUOTED])
        texts = {edit: file.spliced(one) for edit, one in alone.items()}
        longest = max(alone, key=lambda edit: len(texts[edit]))
        if all(_comes_to_the_same(file, text, texts[longest]) for text in texts.values()):
            return told(alone[longest], [AGAIN])
        raise overlap from None


def same(file: File, text: str) -> bool:
    """Whether the text means what the file's does: it runs alike, if it is Python."""
    if text.split() == file.text.split() and not file.is_python:
        return True
    if text == file.text:
        return True
    new = parse(text) if file.is_python else None
    if new is None or file.tree is None:
        return False
    return alike(file.tree, new)


def _comes_to_the_same(file: File, one: str, other: str) -> bool:
    if one == other or not file.is_python:
        return one == other
    trees = parse(one), parse(other)
    if trees[0] is None or trees[1] is None:
        return False
    first, second = ([node for node in tree.body if not is_text(node)] for tree in trees if tree)
    return alike(first, second)
