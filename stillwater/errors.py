"""The three kinds of failure, so that each can be answered differently at the door."""


class StillwaterError(Exception):
    """Anything Stillwater raises on purpose. Its text is one sentence for a person."""


class InputError(StillwaterError):
    """What the person gave is wrong: the sentence says what, where and what to do. Exit code 2."""


class WorldError(StillwaterError):
    """The world failed (model down, engine gone, disk full), not the model: wait and repeat.

    `most_in_a_row` is how often one machine may wait for it, where the configuration allows more.
    """

    most_in_a_row: int | None = None
