"""What a bench says of Stillwater's speed, for bench/RESULTS.md to be made of.

A bench prints what it found for people; with `--json` its last line is its claims as JSON.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One row: what was measured, beside what, in the same run.

    `ratio` is ours to theirs. `aim` is what it is to be, "" where none was set; then nothing is
    `reached` either.
    """

    claim: str
    ours: str
    beside: str
    theirs: str
    ratio: float | None = None
    aim: str = ""
    reached: bool | None = None


def at_most(limit: float, claim: str, ours: float, beside: str, theirs: float, unit: str) -> Claim:
    """A claim that ours is at most so many times theirs."""
    ratio = ours / theirs
    found = (shown(ours, unit), beside, shown(theirs, unit))
    return Claim(claim, *found, round(ratio, 3), f"≤ {limit:g}", ratio <= limit)


def at_least(limit: float, claim: str, ours: float, beside: str, theirs: float, unit: str) -> Claim:
    """A claim that ours is at least so many times theirs."""
    ratio = ours / theirs
    found = (shown(ours, unit), beside, shown(theirs, unit))
    return Claim(claim, *found, round(ratio, 3), f"≥ {limit:.3g}", ratio >= limit)


def beside(claim: str, ours: float, what: str, theirs: float, unit: str) -> Claim:
    """A claim without an aim."""
    return Claim(claim, shown(ours, unit), what, shown(theirs, unit), round(ours / theirs, 3))


def shown(value: float, unit: str) -> str:
    """A figure as it stands in the table."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def option(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="a last line for bench/RESULTS.md")


def tell(claims: Sequence[Claim]) -> None:
    """The last line of a bench that was asked with --json."""
    _last({"claims": [asdict(one) for one in claims]})


def skipped(why: str) -> None:
    """The last line of a bench that can't run here."""
    _last({"skipped": why})


def _last(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)
