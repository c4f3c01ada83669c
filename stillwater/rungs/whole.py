"""Rung 65537, the whole: all of a run, from nothing, against what was wanted of it.

All machines have ended, the arm verified the share that was asked for, every verified patch holds
in a fresh clone and has its certificate, and the run replayed from its record comes out the same.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from stillwater import replay, runs
from stillwater.canonical import Json
from stillwater.certificates import keys, writing
from stillwater.comparison.statistics import wilson
from stillwater.comparison.words import interval, share
from stillwater.errors import InputError, WorldError
from stillwater.machine import FINAL, State
from stillwater.rungs import throwaway
from stillwater.rungs.afresh import Certified, Verdict, finding, tested
from stillwater.rungs.model import Asked, Finding, Result
from stillwater.rungs.patches import one_arm, verified
from stillwater.sandbox import brief
from stillwater.store import MachineRow, RungRow

RUNG = 65537

Write = Callable[[dict[str, bytes]], None]
"""Puts certificates, by their instances, where a person wants them."""


def whole(asked: Asked, below: RungRow, arm: str | None, at_least: float, write: Write) -> Result:
    """Check the whole run; `at_least` is the share, from 0 to 1, that `arm` must have verified.

    `below` is what rung 274177 found: without `arm`, the arm is its. `write` is given the
    certificates that hold.

    Raises:
        InputError: the run has no such arm, or rung 274177 was tried of another.
        WorldError: the world failed: nothing is decided.
    """
    arm = _arm(asked, below, arm)
    machines = asked.store.machines(asked.run.id)
    facts: dict[str, Json] = {"arm": arm, "at_least": at_least}
    going = [row for row in machines if row.state not in FINAL]
    if going:
        told = f"{len(going)} of {len(machines)} have not: stillwater resume {asked.run.id}"
        return Result(RUNG, asked.run.id, [Finding("ended", False, told)], facts)
    rows = [row for row in machines if row.arm == arm]
    findings = [
        Finding("ended", True, f"all {len(machines)} machines of the run"),
        _success(rows, arm, at_least),
    ]
    with throwaway.home() as home:
        (home / "afresh").mkdir()
        verdicts = tested(asked, _certified(asked, rows), home / "afresh")
        replayed = _replayed(asked, home)
    # Last, when nothing can come between that would leave them without a rung.
    written = _written(verdicts, asked.place.certificate_key, write)
    findings += [finding(verdicts), written, replayed]
    return Result(RUNG, asked.run.id, findings, facts)


def _arm(asked: Asked, below: RungRow, arm: str | None) -> str:
    tried = str(below.result.get("arm"))
    if arm is not None and one_arm(asked, arm) != tried:
        raise InputError(
            f"rung {below.rung} was tried of the arm {tried}, not of {arm}: "
            f"stillwater verify {asked.run.id} --rung {below.rung} --arm {arm}"
        )
    return tried


def _success(rows: Sequence[MachineRow], arm: str, at_least: float) -> Finding:
    passed, total = sum(row.state is State.VERIFIED for row in rows), len(rows)
    found = passed / total
    told = (
        f"{arm} verified {passed} of {total}: {share(found)} (95 %: "
        f"{interval(wilson(passed, total))}), at least {at_least:.0%} asked for"
    )
    facts: dict[str, Json] = {"verified": passed, "of": total}
    return Finding("success", found >= at_least, told, facts)


def _certified(asked: Asked, rows: Sequence[MachineRow]) -> list[Certified]:
    key, store = asked.place.certificate_key, asked.store
    signer = keys.signer(Path(key)) if key else None
    return [
        Certified(
            one,
            writing.certificate(store, asked.run, one.row, store.artifact(one.sha256), signer),
        )
        for one in verified(asked, rows)
    ]


def _written(verdicts: Sequence[Verdict], key: str | None, write: Write) -> Finding:
    holding = [one.certified for one in verdicts if one.holds]
    write({one.of.row.instance_id: one.content for one in holding})
    who = "signed" if key else "signed by nobody: set certificate_key to sign them"
    if not holding:
        return Finding("certificates", None, "there is none to write")
    return Finding("certificates", True, f"{len(holding)} written, {who}")


def _replayed(asked: Asked, home: Path) -> Finding:
    """The run again with its recorded completions, in a database of its own."""
    asked.say(f"Replaying run {asked.run.id} …")
    record = replay.Record(asked.store, asked.run)
    place = runs.Place(home / "replay.db", asked.place.folder)
    sandbox = replay.prepare(place, record)
    with brief(sandbox), runs.opened(place) as made:
        replay.begin(made, record, sandbox)
        steps = replay.following(record)
        stopped = runs.drive(place, made, record.run.id, sandbox, None, steps)
        if stopped.signum is not None:
            raise SystemExit(stopped.exit_code)
        if stopped.blocked is not None:
            raise WorldError(f"the replay was stopped: {stopped.blocked}")
        report = replay.compare(record, made)
    return _compared(report)


def _compared(report: replay.Report) -> Finding:
    counts = f"{report.machines} machines, {report.transitions} transitions"
    facts: dict[str, Json] = {
        "machines": report.machines,
        "transitions": report.transitions,
        "differences": len(report.differences),
        "not_replayed": len(report.not_replayed),
    }
    if report.same:
        told = f"{counts}: the same prompts, edits and patches by their digests, and verdicts"
        return Finding("replay", True, told, facts)
    if report.differences:
        first = report.differences[0]
        told = (
            f"{len(report.differences)} of {report.machines} machines differ; the first is "
            f"{first.machine}, attempt {first.attempt}, in {first.state}: {first.what}: "
            f"recorded {first.recorded}, now {first.now}"
        )
        return Finding("replay", False, told, facts)
    short = report.not_replayed[0]
    told = f"{short.instance_id} was not replayed to its end: {short.why}"
    return Finding("replay", False, told, facts)
