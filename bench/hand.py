"""What becomes of the answers in a database: taken strictly, and by the forgiving hand.

    python bench/hand.py stillwater.db [--run RUN] [--failed 30]

Reads every completion that the database holds (of attempts that asked for edits), reads and applies
it in both ways to the base commit's files, and prints how many became an edit that applies and
changes something. With --failed, also the answers that the forgiving hand refuses, by the reason.
No model is asked and no test is run.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stillwater import edits, runs
from stillwater.config import frozen
from stillwater.datasets import instance_of
from stillwater.machine import Event, State
from stillwater.repository import Repositories, touched
from stillwater.store import Store


@dataclass(frozen=True)
class Answer:
    """A completion, the files it was asked about, and which of them no edit may touch."""

    instance: str
    attempt: int
    text: str
    finish_reason: str
    texts: edits.Texts
    shown: tuple[str, ...]
    hidden: frozenset[str]

    def protected(self, path: str) -> bool:
        """Whether no edit may touch it."""
        return path in self.hidden or edits.is_protected(path)


def answers(store: Store, home: Path, run_id: str | None) -> Iterator[Answer]:
    """Every completion of the database, or of one run."""
    for run in store.runs():
        if run_id not in {None, run.id}:
            continue
        repositories = Repositories(home, frozen(run.config).repo_url)
        for machine in store.machines(run.id):
            history = store.history(machine.id)
            read = next((past for past in history if past.event is Event.READ), None)
            if read is None:
                continue
            instance = instance_of(store.instance(run.dataset_sha256, machine.instance_id))
            place = repositories.ensure(instance)
            paths = repositories.paths(place, instance.base_commit)
            python = {path: blob for path, blob in paths.items() if path.endswith(".py")}
            texts = edits.Texts(repositories.texts(place, python))
            files = json.loads(json.dumps(read.evidence["files"]))
            for past in history:
                if past.source is State.GENERATE and "completion" in past.artifacts:
                    yield Answer(
                        machine.instance_id,
                        past.attempt,
                        store.artifact(past.artifacts["completion"]).decode("utf-8", "replace"),
                        str(past.evidence.get("finish_reason", "stop")),
                        texts,
                        tuple(one["path"] for one in files),
                        frozenset(touched(instance.test_patch)),
                    )


def strictly(one: Answer) -> str | None:
    """Why the answer isn't taken strictly, None if it is."""
    reading = edits.read_strictly(one.text, one.finish_reason)
    if reading.problem:
        return reading.problem
    try:
        edits.apply_strictly(reading.edits, one.texts, protected=one.protected)
    except edits.EditError as error:
        return str(error)
    return None


def forgivingly(one: Answer) -> str | None:
    """Why the answer isn't taken by the forgiving hand, None if it is."""
    reading = edits.read(one.text, one.finish_reason)
    if reading.problem:
        return reading.problem
    try:
        edits.apply(reading.edits, one.texts, protected=one.protected, shown=one.shown)
    except edits.EditError as error:
        return str(error)
    return None


def kind(problem: str) -> str:
    """The problem without what differs from answer to answer."""
    plain = re.sub(r"`[^`]*`|\"[^\"]*\"|\b[\w./-]+\.py\b|\d+", "…", problem)
    return " ".join(plain.split())[:90]


def main() -> None:
    """Count both ways, and list what is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("--run")
    parser.add_argument("--failed", type=int, default=0)
    asked = parser.parse_args()
    with Store.open(asked.database, read_only=True) as store:
        found = list(answers(store, runs.Place(asked.database).folder, asked.run))
    forgiven = [(one, forgivingly(one)) for one in found]
    told = {
        "answers": len(found),
        "strictly": sum(strictly(one) is None for one in found),
        "forgiving": sum(problem is None for _, problem in forgiven),
    }
    print(json.dumps(told))
    refused = [(one, problem) for one, problem in forgiven if problem is not None]
    for reason, count in Counter(kind(problem) for _, problem in refused).most_common():
        print(f"{count:>5}  {reason}")
    for one, problem in refused[: asked.failed]:
        print(f"\n=== {one.instance} attempt {one.attempt}: {problem}\n{one.text}")


if __name__ == "__main__":
    main()
