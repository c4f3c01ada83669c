"""`stillwater export submission`: a run as a folder that the SWE-bench leaderboard accepts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from stillwater.cli import reader
from stillwater.cli.export import Arm, file_names, make_folder, write
from stillwater.cli.leaderboard import TO_FILL_IN, Entry, report
from stillwater.cli.options import Force, OutFolder
from stillwater.cli.reader import DEFAULT_DB, Db, RunId
from stillwater.cli.trajectory import page
from stillwater.datasets import Instance, instance_of
from stillwater.errors import InputError
from stillwater.machine import FINAL, Event
from stillwater.plans import DEFAULT_ARM
from stillwater.store import MachineRow, RunRow, Store, queries
from stillwater.store.queries import Step
from stillwater.telling.machines import artifacts_of, patch_of, setting
from stillwater.telling.predictions import model_name, models_of, of_arm, prediction
from stillwater.where import Database

JUDGED = frozenset({Event.PASSED, Event.REFUTED})
"""The events that say that the hidden tests have run on a candidate."""


@dataclass(frozen=True)
class Case:
    """One machine with its steps; `judged` is the run of the hidden tests, None without one."""

    machine: MachineRow
    instance: Instance
    steps: list[Step]

    @property
    def judged(self) -> Step | None:
        """The run of the hidden tests, None if it had no candidate."""
        return next((step for step in self.steps if step.event in JUDGED), None)

    @property
    def patch(self) -> str | None:
        """The digest of the candidate's patch, whatever the hidden tests said of it."""
        return patch_of(self.steps, verified=False) if self.judged else None


def submission(
    run: RunId = None,
    *,
    out: OutFolder,
    force: Force = False,
    arm: Arm = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Write a run as SWE-bench's leaderboard wants it; only of runs with --feedback visible."""
    with reader.open_store(db) as store:
        found = reader.run_of(store, run)
        machines = of_arm(store.machines(found.id), found, arm)
        _refuse(found, machines)
        names = file_names([one.instance_id for one in machines])
        make_folder(out, force=force)
        counts = _Counts(found, machines[0])
        lines = []
        for case in _cases(store, db, found, machines):
            name = names[case.machine.instance_id].removesuffix(".patch")
            patch = store.artifact(case.patch) if case.patch else b""
            lines.append(_prediction(found, case.machine, patch))
            _write_page(store, out / "trajs" / f"{name}.md", case)
            if case.judged:
                _write_logs(store, out / "logs" / name, case, case.judged, patch)
            counts.add(case)
    write(out / "all_preds.jsonl", "".join(lines).encode())
    entry = counts.entry()
    write(out / "metadata.yaml", entry.metadata().encode())
    write(out / "README.md", entry.readme().encode())
    typer.echo(f"{out}: {entry.machines} instances, {entry.candidates} with a patch", err=True)
    typer.echo(f"To fill in by you, in metadata.yaml: {', '.join(TO_FILL_IN)}", err=True)


def _refuse(run: RunRow, machines: list[MachineRow]) -> None:
    arm = machines[0].arm if machines else DEFAULT_ARM
    feedback = setting(run, arm, "feedback")
    if feedback != "visible":
        raise InputError(
            f"run {run.id} showed the model the failures of the hidden tests "
            f'(feedback = "{feedback}"), which no leaderboard takes: run with '
            "--feedback visible; the patches alone: stillwater export predictions"
        )
    left = sum(one.state not in FINAL for one in machines)
    if left:
        raise InputError(
            f"run {run.id} isn't finished, {left} of {len(machines)} instances are left: go on "
            "with `stillwater resume`"
        )
    if not machines:
        raise InputError(f"run {run.id} has no instance")


def _cases(store: Store, db: Database, run: RunRow, machines: list[MachineRow]) -> Iterator[Case]:
    for machine in machines:
        instance = instance_of(store.instance(run.dataset_sha256, machine.instance_id))
        yield Case(machine, instance, queries.timeline(db, machine.id))


def _prediction(run: RunRow, machine: MachineRow, patch: bytes) -> str:
    return json.dumps(prediction(run, machine, patch)) + "\n"


def _write_page(store: Store, path: Path, case: Case) -> None:
    make_folder(path.parent, force=True)
    text = page(store, case.machine, case.instance.problem_statement, case.steps)
    write(path, text.encode("utf-8", "replace"))


def _write_logs(store: Store, folder: Path, case: Case, judged: Step, patch: bytes) -> None:
    make_folder(folder, force=True)
    write(folder / "patch.diff", patch)
    told = json.dumps(report(case.instance, judged), indent=4) + "\n"
    write(folder / "report.json", told.encode())
    if "log" in artifacts_of(judged):
        write(folder / "test_output.txt", store.artifact(artifacts_of(judged)["log"]))


class _Counts:
    """What is told of all machines together, counted as they come."""

    def __init__(self, run: RunRow, machine: MachineRow) -> None:
        self._run, self._machine = run, machine
        self._machines = self._candidates = self._resolved = self._judgements = 0
        self._sandboxes: dict[tuple[str, str], None] = {}

    def add(self, case: Case) -> None:
        """Count one machine."""
        self._machines += 1
        self._candidates += case.judged is not None
        self._resolved += bool(case.judged and case.judged.event is Event.PASSED)
        self._judgements += sum(step.event in JUDGED for step in case.steps)
        for step in case.steps:
            sandbox = step.evidence.get("sandbox")
            if isinstance(sandbox, Mapping):
                walls = sandbox.get("walls")
                network = walls.get("network") if isinstance(walls, Mapping) else None
                self._sandboxes[str(sandbox.get("kind")), str(network)] = None

    def entry(self) -> Entry:
        """All of them."""
        return Entry(
            name=model_name(self._run, self._machine),
            run=self._run,
            models=models_of(self._run, self._machine),
            attempts=setting(self._run, self._machine.arm, "attempts"),
            machines=self._machines,
            candidates=self._candidates,
            resolved=self._resolved,
            judgements=self._judgements,
            sandboxes=list(self._sandboxes),
        )
