"""Machines stand where their transitions lead; runs that are finished have no machine under way."""

import json
from collections import Counter
from collections.abc import Callable, Mapping

import pysqlite3.dbapi2 as sqlite

from stillwater.audit.chain import START, told
from stillwater.audit.database import Scope
from stillwater.audit.model import Broken
from stillwater.machine import FINAL

RUNS = "SELECT id, finished_at, CAST(config AS BLOB) FROM runs WHERE id = ?1 OR ?1 IS NULL"
MACHINES = "SELECT id, state, attempt, arm FROM machines WHERE run_id = ? ORDER BY id"
MADE_BY = """
SELECT m.id, m.model, (
  SELECT t.evidence ->> '$.model' FROM transitions AS t
  WHERE t.machine_id = m.id AND t.event = 'proposed' ORDER BY t.seq DESC LIMIT 1) AS told
FROM machines AS m WHERE m.run_id = ? AND m.state = 'VERIFIED' AND m.model <> told LIMIT 1
"""
WITHOUT = "SELECT id, run_id FROM machines WHERE run_id NOT IN (SELECT id FROM runs) LIMIT 1"


def check(connection: sqlite.Connection, scope: Scope, places: Mapping[int, int]) -> Counter[str]:
    """Compare every machine with its place in the chain; raises Broken."""
    checked: Counter[str] = Counter()
    for run, finished_at, config in connection.execute(RUNS, (scope.run,)).fetchall():
        most = _attempts(run, config)
        for machine, state, attempt, arm in connection.execute(MACHINES, (run,)):
            _, next_attempt, expected = told(places.get(machine, START))
            if state != expected:
                problem = f"it is in {state}, but its transitions lead to {expected}"
                raise Broken("machines", machine, problem)
            if attempt != next_attempt:
                problem = f"it is at attempt {attempt}, but its transitions lead to {next_attempt}"
                raise Broken("machines", machine, problem)
            if attempt > most(arm):
                raise Broken("machines", machine, f"it is at attempt {attempt} of {most(arm)}")
            if finished_at is not None and state not in FINAL:
                problem = f"it is in {state}, but its run {run} was finished at {finished_at}"
                raise Broken("machines", machine, problem)
            checked["machines"] += 1
        for machine, model, told_model in connection.execute(MADE_BY, (run,)):
            problem = f"its model is {model}, but {told_model} made its patch"
            raise Broken("machines", machine, problem)
        checked["runs"] += 1
    for machine, run in connection.execute(WITHOUT):
        raise Broken("machines", machine, f"its run {run} is not there")
    return checked


def _attempts(run: str, config: bytes) -> Callable[[str], float]:
    """How many attempts a machine of an arm may have."""
    try:
        found = json.loads(config)
    except ValueError as error:
        raise Broken("runs", run, f"its configuration is not JSON: {error}") from error

    def most(arm: str) -> float:
        for settings in (_get(_get(found, "arms"), arm), found):
            allowed = _get(settings, "attempts")
            if isinstance(allowed, int):
                return allowed
        return float("inf")

    return most


def _get(settings: object, name: str) -> object:
    return settings.get(name) if isinstance(settings, dict) else None
