"""How busy the model is kept while tests take as long as its answers, and one after the other.

    python bench/slots.py [--seconds 1] [--machines 6] [--attempts 4] [--json]

The model answers elsewhere (bench/instant.py, with a delay), one request at a time; tests take as
long as an answer and hardly any processor; every attempt fails. The whole of Stillwater is driven,
with real steps, git, sandbox and store: once with all machines in one batch, once with each machine
alone, one after the other, as a loop would do it. The share is by the server's own clock: how long
it was at work, from the first request's coming to the last answer's going.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import claims, trivial
from bench.instant import busy, instant
from stillwater import logs, runs
from stillwater.canonical import Json
from stillwater.config import Config, load, stored
from stillwater.machine import FINAL
from stillwater.sandbox import LocalSandbox

AIM = 0.95
AT_ONCE = 4


@dataclass(frozen=True)
class Work:
    """The machines to play, and how long their answers and their tests take."""

    seconds: float
    machines: int
    attempts: int
    model_slots: int = 1


@dataclass(frozen=True)
class Played:
    """What a play took, and the share of it in which the model was at work."""

    wall: float
    share: float
    answers: int


def rows_of(folder: Path, work: Work) -> list[dict[str, Json]]:
    """The instances: one small repository, tests that take their time and fail."""
    repository = folder / "repository"
    commit = trivial.make(repository)
    command = f"sleep {work.seconds}; false"
    return [
        trivial.row(repository, commit, f"slow-{n}", f"value() is to be right ({n}).", command)
        for n in range(work.machines)
    ]


def played(work: Work, *, together: bool) -> Played:
    """All machines to their ends, in one batch or each alone."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path()) as name:
        folder = Path(name).absolute()
        rows = rows_of(folder, work)
        batches = [rows] if together else [[row] for row in rows]
        with instant(work.seconds) as base:
            settings = {
                "models": ("openai/local",), "api_base": base, "attempts": work.attempts,
                "sandbox": "local", "model_slots": work.model_slots, "sandbox_slots": AT_ONCE,
            }  # fmt: skip
            config = load(settings)
            begun = time.monotonic()
            drive(folder / "s.db", batches, config)
            wall = time.monotonic() - begun
            spans = busy(base)
        wanted = work.machines * work.attempts
        if len(spans) != wanted:
            raise SystemExit(f"the model answered {len(spans)} times, not {wanted}")
    return Played(wall, share(spans), len(spans))


def share(spans: Sequence[tuple[float, float]]) -> float:
    """How much of the time between the first and the last of them is within one of them."""
    covered, until = 0.0, min(begun for begun, _ in spans)
    first = until
    for begun, ended in sorted(spans):
        covered += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return covered / (until - first)


def drive(db: Path, batches: Sequence[Sequence[dict[str, Json]]], config: Config) -> None:
    """A run of each batch to its end, one after the other; SystemExit if a machine isn't ended."""
    place = runs.Place.of(db, config)
    with runs.opened(place, None, config.lease_seconds) as store, logs.to_run_folder(place.folder):
        for number, rows in enumerate(batches):
            run_id = f"bench-{number}"
            store.create_run(
                run_id=run_id, dataset="bench", dataset_sha256=f"{number:064x}",
                config=stored(config), version="bench", rows=rows,
                arms={"default": "openai/local"},
            )  # fmt: skip
            runs.drive(place, store, run_id, LocalSandbox(place.folder), None)
            left = [one for one in store.machines(run_id) if one.state not in FINAL]
            if left:
                raise SystemExit(f"not ended: {', '.join(one.instance_id for one in left)}")


def warm_up(seconds: float = 0.01) -> None:
    """Load what the first answer of a process loads (litellm, for seconds)."""
    played(Work(seconds, machines=1, attempts=1), together=True)


def main() -> None:
    """Play both ways, print how busy the model was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of an answer, and of tests")
    parser.add_argument("--machines", type=int, default=6)
    parser.add_argument("--attempts", type=int, default=4)
    claims.option(parser)
    asked = parser.parse_args()
    warm_up()
    work = Work(asked.seconds, asked.machines, asked.attempts)
    batch, alone = played(work, together=True), played(work, together=False)
    told = {"answers": batch.answers, "seconds_each": work.seconds}
    told |= {
        "busy_in_a_batch": round(batch.share, 3),
        "busy_one_after_the_other": round(alone.share, 3),
    }
    print(json.dumps({**told, "aim": AIM}, indent=1))
    if asked.json:
        what = (
            f"time the model's one slot is at work, tests as long as answers ({work.seconds:g} s)"
        )
        found = (f"{batch.share:.1%}", "its instances one after the other", f"{alone.share:.1%}")
        ratio = round(batch.share / alone.share, 2)
        claims.tell([claims.Claim(what, *found, ratio, "≥ 95 %", batch.share >= AIM)])


if __name__ == "__main__":
    main()
