"""Version numbers such as ``1.10.2`` and ``2.0-rc1``."""

from __future__ import annotations

import functools
import re

_VERSION = re.compile(r"v?(?P<numbers>\d+(?:\.\d+)*)(?:-(?P<stage>a|b|rc)(?P<count>\d+))?$")
STAGES = {"a": 0, "b": 1, "rc": 2}
# A release comes after all of its pre-releases.
RELEASE = (3, 0)


@functools.total_ordering
class Version:
    """A version; ``1.0`` and ``1`` are the same."""

    def __init__(self, text: str) -> None:
        match = _VERSION.match(text.strip())
        if match is None:
            raise ValueError(f"not a version: {text!r}")
        self.text = text.strip().removeprefix("v")
        self.numbers = tuple(int(number) for number in match["numbers"].split("."))
        stage = match["stage"]
        self.stage = (STAGES[stage], int(match["count"])) if stage else RELEASE

    @property
    def is_prerelease(self) -> bool:
        """True for alphas, betas and release candidates."""
        return self.stage != RELEASE

    @property
    def _key(self) -> tuple[tuple[int, ...], tuple[int, int]]:
        numbers = self.numbers
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers = numbers[:-1]
        return numbers, self.stage

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"

    def next_series(self) -> Version:
        """The first version that is no longer compatible: ``1.4`` gives 2, ``1.4.2`` gives 1.5."""
        head = self.numbers[:-1] or self.numbers
        return Version(".".join(str(number) for number in (*head[:-1], head[-1] + 1)))
