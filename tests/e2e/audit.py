"""What a database says, without the store's own code: for comparing and checking runs."""

import json
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3

from stillwater.machine import FINAL, edges
from tests.e2e.command import stillwater

VOLATILE = frozenset({"seconds", "walls"})
LEGAL = {(source.value, event.value, target.value) for source, event, target in edges()}


def audited(folder: Path, *words: str) -> dict[str, Any]:
    """What `stillwater audit` says of the database in `folder`: all holds, nothing left out."""
    done = stillwater(folder, "audit", "--json", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["holds"]
    assert told["not_derived"] == []
    return told


def transitions(db: Path) -> dict[str, list[dict[str, Any]]]:
    """Every machine's transitions in order, by its instance and arm."""
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT m.instance_id || ' ' || m.arm,"
            " t.seq, t.source, t.event, t.target, t.attempt, t.evidence"
            " FROM transitions t JOIN machines m ON m.id = t.machine_id ORDER BY m.id, t.seq"
        ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    for machine, seq, source, event, target, attempt, evidence in rows:
        found.setdefault(machine, []).append(
            {
                "seq": seq, "source": source, "event": event, "target": target,
                "attempt": attempt, "evidence": json.loads(evidence),
            }
        )  # fmt: skip
    return found


def result(db: Path) -> dict[str, Any]:
    """What came out, without times: to compare one run with another."""
    return {
        instance: [
            (one["event"], one["attempt"], _steady(one["evidence"]))
            for one in path
            if one["event"] != "defer"
        ]
        for instance, path in transitions(db).items()
    }


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _steady(v) for k, v in value.items() if k not in VOLATILE}
        # A log has durations in it, so its digest differs from run to run.
        if isinstance(kept.get("artifacts"), dict):
            kept["artifacts"] = {k: v for k, v in kept["artifacts"].items() if "log" not in k}
        return kept
    return [_steady(one) for one in value] if isinstance(value, list) else value


def check_paths(db: Path) -> None:
    """Each machine walked legal edges without gaps from READ to a final state."""
    final = {state.value for state in FINAL}
    for instance, path in transitions(db).items():
        assert [one["seq"] for one in path] == list(range(1, len(path) + 1)), instance
        assert path[0]["source"] == "READ", instance
        for before, after in pairwise(path):
            assert before["target"] == after["source"], instance
        assert {(one["source"], one["event"], one["target"]) for one in path} <= LEGAL, instance
        assert path[-1]["target"] in final, instance
