"""The model `mutate`: the likeliest small change that was not tried yet. No weights, no I/O."""

from collections.abc import Iterable, Mapping

from stillwater.models.builtin.answer import NOTHING, block
from stillwater.models.builtin.ranking import ranked
from stillwater.models.builtin.reading import read


def answer(messages: Iterable[Mapping[str, object]]) -> str:
    """The answer to a prompt: an edit, or a sentence when there is nothing to change.

    It depends on the text of the messages and on nothing else.
    """
    for one in ranked(read(messages)):
        text = block(one.mutation)
        if text is not None:
            return text
    return NOTHING
