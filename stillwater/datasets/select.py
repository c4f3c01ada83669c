"""Choosing some instances of a dataset: by id, by repository, in which order, how many."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from stillwater.canonical import digest
from stillwater.datasets.load import Dataset, DatasetError


@dataclass(frozen=True)
class Selection:
    """What to take of a dataset: applied in the order of the fields.

    `ids` and `repos` may have the wildcards of a shell (`*`, `?`, `[…]`). `shuffle` is the seed of
    an order that is the same everywhere: that of SHA-256("<seed>:<instance_id>"). `part` is a
    Python slice, written A:B.
    """

    ids: Sequence[str] = ()
    repos: Sequence[str] = ()
    shuffle: int | None = None
    part: str | None = None
    limit: int | None = None


def select(dataset: Dataset, wanted: Selection) -> Dataset:
    """The dataset cut down to what is wanted; its digest stays that of the whole.

    Raises:
        DatasetError: an id or repository that isn't there (with the nearest names), a slice that
            isn't one, nothing left.
    """
    names = [one.instance_id for one in dataset.instances]
    repos = [one.repo for one in dataset.instances]
    by_id = _matching(wanted.ids, names, f"{dataset.name} has no instance")
    by_repo = _matching(wanted.repos, repos, f"{dataset.name} has no repository")
    kept = [n for n in range(len(names)) if names[n] in by_id and repos[n] in by_repo]
    if wanted.shuffle is not None:
        kept.sort(key=lambda n: digest(f"{wanted.shuffle}:{names[n]}".encode()))
    if wanted.part is not None:
        kept = kept[_slice(wanted.part)]
    if wanted.limit is not None:
        kept = kept[: wanted.limit]
    if not kept:
        raise DatasetError(
            f"{dataset.name}: nothing is left to run; see --instance, --repo, --slice, --limit"
        )
    return replace(
        dataset,
        rows=tuple(dataset.rows[n] for n in kept),
        instances=tuple(dataset.instances[n] for n in kept),
    )


def _matching(patterns: Sequence[str], names: Sequence[str], none: str) -> set[str]:
    """The names that one of the patterns means; all where there is no pattern."""
    if not patterns:
        return set(names)
    found: set[str] = set()
    for pattern in patterns:
        meant = {name for name in names if name == pattern or fnmatchcase(name, pattern)}
        if not meant:
            near = difflib.get_close_matches(pattern, sorted(set(names)), 3, 0.4)
            hint = f"; the nearest: {', '.join(near)}" if near else ""
            raise DatasetError(f"{none} {pattern!r}{hint}")
        found |= meant
    return found


def _slice(part: str) -> slice:
    words = part.split(":")
    try:
        if len(words) != 2:
            raise ValueError
        first, last = (int(word) if word.strip() else None for word in words)
    except ValueError as error:
        raise DatasetError(f"--slice {part}: write it as A:B, for example 0:10") from error
    return slice(first, last)
