"""The three kinds of failure, so that each can be answered differently at the door."""


class StillwaterError(Exception):
    """Anything Stillwater raises on purpose. Its text is one sentence for a person."""


def installing(extra: str) -> str:
    """How an extra is had. Stillwater isn't on any index: its name there is another project's."""
    return f"in Stillwater's folder: pip install -e '.[{extra}]'"


class InputError(StillwaterError):
    """What the person gave is wrong: the sentence says what, where and what to do. Exit code 2."""


class WorldError(StillwaterError):
    """The world failed (model down, engine gone, disk full), not the model: wait and repeat.

    `most_in_a_row` is how often one machine may wait for it, where the configuration allows more.
    `needs_a_person`: waiting can't help (a refused key, a model that is gone), so the run stops,
    with every machine where it is, until someone has seen to it and resumes.
    """

    most_in_a_row: int | None = None
    needs_a_person: bool = False
