"""The results of the benches: RESULTS.json is what they told last, RESULTS.md the same to be read.

Each bench has one entry; a bench that isn't run keeps its own, with its date, commit and machine.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.claims import Claim

HEAD = "| claim | ours | beside | theirs | ratio | aim | reached | bench |"
INTRODUCTION = """\
# How fast it is

Made by `make bench`; `make bench ARGS="--only slots batch"` measures some anew and leaves the rest.
Each figure stands beside something that was measured in the same run, as a ratio of ours to
theirs: only these say anything of another machine, or of a busy one. What each bench does is said
at the head of its file.
"""


@dataclass(frozen=True)
class Entry:
    """What one bench told, and where and when; or the `reason` why it told nothing."""

    command: str
    date: str
    commit: str
    seconds: float
    load: tuple[float, float]
    machine: Mapping[str, str]
    claims: Sequence[Claim] = field(default_factory=tuple)
    reason: str = ""


Results = dict[str, Entry]


def stored(path: Path) -> Results:
    """What the file says; nothing where there is none."""
    if not path.is_file():
        return {}
    found: Results = {}
    for name, told in json.loads(path.read_text("utf-8")).items():
        claims = tuple(Claim(**one) for one in told.pop("claims"))
        begun, ended = told.pop("load")
        found[name] = Entry(**told, load=(begun, ended), claims=claims)
    return found


def merged(before: Results, now: Results, order: Sequence[str]) -> Results:
    """Those of now in place of those before, in that order; others than named there go."""
    both = before | now
    return {name: both[name] for name in order if name in both}


def write(results: Results, record: Path, page: Path) -> None:
    """Both files."""
    told = {name: asdict(one) for name, one in results.items()}
    record.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    page.write_text(rendered(results), "utf-8")


def rendered(results: Results) -> str:
    """The page."""
    rows = [HEAD, "| --- " * 8 + "|"]
    for name, entry in results.items():
        rows += [_row(name, one) for one in entry.claims]
        if entry.reason:
            rows.append(f"| {name} | not measured: {_cell(entry.reason)} | | | | | | {name} |")
    how = ["| bench | command | date | commit | took | load before, after |", "| --- " * 6 + "|"]
    how += [_how(name, entry) for name, entry in results.items()]
    return "\n".join(
        [INTRODUCTION, *rows, "", "## How it was measured", "", *how, "", *_machines(results)]
    )


def _row(bench: str, one: Claim) -> str:
    reached = "" if one.reached is None else "yes" if one.reached else "no"
    ratio = "" if one.ratio is None else f"{one.ratio:g}"
    cells = (one.claim, one.ours, one.beside, one.theirs, ratio, one.aim, reached, bench)
    return f"| {' | '.join(map(_cell, cells))} |"


def _how(bench: str, entry: Entry) -> str:
    load = "{}, {}".format(*entry.load)
    took = f"{entry.seconds:.0f} s"
    cells = (bench, f"`{entry.command}`", entry.date, entry.commit, took, load)
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _machines(results: Results) -> Iterator[str]:
    """Which machine each bench ran on: mostly all on one."""
    machines: dict[str, list[str]] = {}
    for name, entry in results.items():
        told = "; ".join(f"{what}: {value}" for what, value in entry.machine.items())
        machines.setdefault(told, []).append(name)
    for told, names in machines.items():
        who = "All" if len(machines) == 1 else ", ".join(names)
        yield f"{who} on this machine: {told}."
        yield "Load is its load average of one minute, with the work of others on it."
        yield "A commit with + had changes that were not committed yet."
        yield ""
