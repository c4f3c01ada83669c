"""Choosing some instances of a dataset: by id, by slice, by number."""

import difflib
from collections.abc import Sequence
from dataclasses import replace

from stillwater.datasets.load import Dataset, DatasetError


def select(
    dataset: Dataset, ids: Sequence[str] = (), part: str | None = None, limit: int | None = None
) -> Dataset:
    """The dataset cut down to `ids`, then to the Python slice `part` (A:B), then to `limit`.

    Raises:
        DatasetError: an unknown id (with the nearest names), a slice that isn't one, nothing left.
    """
    known = [one.instance_id for one in dataset.instances]
    for wanted in ids:
        if wanted not in known:
            near = difflib.get_close_matches(wanted, known, 3, 0.4)
            hint = f"; the nearest: {', '.join(near)}" if near else ""
            raise DatasetError(f"{dataset.name} has no instance {wanted!r}{hint}")
    kept = [n for n, name in enumerate(known) if not ids or name in ids]
    if part is not None:
        kept = kept[_slice(part)]
    if limit is not None:
        kept = kept[:limit]
    if not kept:
        raise DatasetError(
            f"{dataset.name}: nothing is left to run; see --instance, --slice, --limit"
        )
    return replace(
        dataset,
        rows=tuple(dataset.rows[n] for n in kept),
        instances=tuple(dataset.instances[n] for n in kept),
    )


def _slice(part: str) -> slice:
    words = part.split(":")
    try:
        if len(words) != 2:
            raise ValueError
        first, last = (int(word) if word.strip() else None for word in words)
    except ValueError as error:
        raise DatasetError(f"--slice {part}: write it as A:B, for example 0:10") from error
    return slice(first, last)
