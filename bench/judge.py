"""Does the machine call right patches right? Gold patches verified, empty ones not.

    python bench/judge.py ROWS.jsonl [--instance ID …] [--sandbox local|docker] [--image NAME]
                          [--repo-url TEMPLATE] [--folder DIR]

Every instance runs twice through the real READ and TEST steps, with real git and a real sandbox:
once the gold patch of its row stands in place of a model's, once an empty one. Prints what became
of both, and ends with exit code 1 unless every gold patch was VERIFIED and every empty one FAILED.
`--repo-url` is where repositories are cloned from, with {owner} and {name}; `--image` is the docker
sandbox's for rows without one of their own; `--folder` keeps clones and environments between calls.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.scale import propose
from stillwater import datasets, logs
from stillwater.config import Config, load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.machine import Event, State
from stillwater.models.client import LitellmClient
from stillwater.repository import Repositories
from stillwater.sandbox import choose
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps import STEPS, Tools
from stillwater.store import Store, queries

Patch = Callable[[Snapshot], str]
KINDS: dict[str, tuple[Patch, str]] = {
    "gold": (lambda snapshot: snapshot.instance.patch, "VERIFIED"),
    "empty": (lambda _: "", "FAILED"),
}


@dataclass(frozen=True)
class Ended:
    """What became of one instance with one patch."""

    instance_id: str
    state: str
    reason: str
    seconds: float


def run(
    folder: Path, chosen: datasets.Dataset, config: Config, kind: str, home: Path
) -> Sequence[Ended]:
    """Drive all instances to their ends with that kind of patch."""
    patch, _ = KINDS[kind]

    def apply(snapshot: Snapshot, tools: Tools) -> Outcome:
        return Outcome(Event.APPLIED, {}, {"patch": Artifact("patch", patch(snapshot).encode())})

    sandbox, _ = choose(config.sandbox, home, config.docker_image, "judge")
    path = folder / f"{kind}.db"
    with Store.open(path) as store:
        store.create_run(
            run_id=kind, dataset=chosen.name, dataset_sha256=chosen.sha256, config=stored(config),
            version="bench", rows=chosen.rows, arms={"default": kind},
        )  # fmt: skip
        log = logs.to_run_folder(folder / kind)
        tools = Tools(Repositories(home, config.repo_url), sandbox, LitellmClient(None, None))
        steps = {**STEPS, State.GENERATE: propose, State.APPLY: apply}
        Scheduler(
            store=store, run_id=kind, dataset_sha256=chosen.sha256, config=config,
            executor=ThreadExecutor(Workshop(steps, tools), limits(config)),
        ).run()  # fmt: skip
        log.close()
        last = {row.instance_id: store.history(row.id)[-1] for row in store.machines(kind)}
    return [
        Ended(
            one.instance_id,
            one.state,
            str(last[one.instance_id].evidence.get("reason", one.reason)),
            one.seconds,
        )
        for one in queries.outcomes(path, kind)
    ]


def main() -> None:
    """Judge both kinds of patch; tell and exit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows")
    parser.add_argument("--instance", nargs="*", default=())
    parser.add_argument("--sandbox", choices=("local", "docker"), default="local")
    parser.add_argument("--image", default="python:3.11-slim")
    parser.add_argument("--repo-url")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    chosen = datasets.select(
        datasets.load(asked.rows), datasets.Selection(tuple(asked.instance), (), None, None, None)
    )
    settings = {"attempts": 1, "models": ("gold",), "sandbox": asked.sandbox}
    settings |= {"docker_image": asked.image, "sandbox_slots": 1}
    config = load(settings | ({"repo_url": asked.repo_url} if asked.repo_url else {}))
    wrong = 0
    kept = nullcontext(str(asked.folder)) if asked.folder else tempfile.TemporaryDirectory()
    with kept as home, tempfile.TemporaryDirectory() as folder:
        for kind, (_, right) in KINDS.items():
            ended = run(Path(folder), chosen, config, kind, Path(home))
            wrong += sum(one.state != right for one in ended)
            for one in ended:
                print(f"{kind:<6} {one.state:<9} {one.seconds:7.1f} s  {one.instance_id}"
                      f"{'' if one.state == right else '  ' + one.reason}")  # fmt: skip
    print(
        f"{len(chosen.instances)} instances, {wrong} wrong verdicts in the {asked.sandbox} sandbox"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
