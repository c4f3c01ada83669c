"""What a rung is asked, and what it finds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stillwater.canonical import Json
from stillwater.runs import Place
from stillwater.sandbox import scratch
from stillwater.store import RunRow, Store

Say = Callable[[str], None]
"""Told of what is being done, as it begins."""


def family() -> str:
    """How the labels of a rung's containers begin: those of one that was killed are found by it."""
    return f"rung-{scratch.here()}"


@dataclass(frozen=True)
class Asked:
    """The run that a rung is tried of, its database, open for writing, and who is told of it."""

    place: Place
    store: Store
    run: RunRow
    say: Say


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `holds` is None where it could not be; `told` says why then.

    `facts` are what of it is kept beside the sentence.
    """

    what: str
    holds: bool | None
    told: str
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """All that a rung found of a run; `facts` are what the next rung goes by."""

    rung: int
    run_id: str
    findings: Sequence[Finding]
    facts: Mapping[str, Json] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether something was checked, and nothing of it failed."""
        told = {one.holds for one in self.findings}
        return True in told and False not in told

    def evidence(self) -> dict[str, Json]:
        """What is written of it."""
        checked: list[Json] = [
            {"what": one.what, "holds": one.holds, "told": one.told, **one.facts}
            for one in self.findings
        ]
        return {"checked": checked, **self.facts}
