"""The numbers of a comparison, read from the database."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from stillwater.comparison.assembled import assembled
from stillwater.comparison.kinds import kind
from stillwater.comparison.model import ArmRecord, Comparison, MachineFigures
from stillwater.config import frozen, own_settings
from stillwater.machine import CANCELLED, FINAL, State
from stillwater.models.price import price, total
from stillwater.store import RunRow, Store
from stillwater.store.portable import Portable

MACHINES = Portable("""
SELECT m.id, m.instance_id, m.arm, m.state, fact(i.content, repo) AS repo,
  fact(i.content, patch) AS patch,
  max(t.attempt) FILTER (WHERE t.event = 'passed') AS passed_at,
  count(*) FILTER (WHERE t.event IN ('proposed', 'unusable')) AS calls,
  count(*) FILTER (WHERE t.event = 'applied') AS applied,
  coalesce(sum(number(t.evidence, usage.prompt_tokens)), 0) AS prompt_tokens,
  coalesce(sum(number(t.evidence, usage.completion_tokens)), 0) AS completion_tokens,
  sum(number(t.evidence, usage.cached_tokens)) AS cached_tokens,
  coalesce(sum(number(t.evidence, seconds)) FILTER (WHERE t.source = 'GENERATE'), 0)
    AS model_seconds,
  coalesce(sum(seconds(t.started_at, t.finished_at)) FILTER (WHERE t.event <> 'defer'), 0)
    AS seconds,
  max(fact(t.evidence, model)) FILTER (WHERE t.event IN ('proposed', 'unusable')) AS model,
  max(fact(t.evidence, reason)) FILTER (WHERE t.event = 'abort') AS aborted
FROM machines AS m JOIN runs AS r ON r.id = m.run_id
LEFT JOIN instances AS i
  ON i.dataset_sha256 = r.dataset_sha256 AND i.instance_id = m.instance_id
LEFT JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id GROUP BY m.id, i.id ORDER BY m.id
""")
ENDS = Portable("""
SELECT m.instance_id, m.arm, t.target AS state,
  CASE t.event WHEN 'passed' THEN 'verified'
    ELSE coalesce(fact(t.evidence, reason), t.event) END AS reason
FROM machines AS m JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id
  AND t.event IN ('retry', 'exhausted', 'passed', 'refuted', 'invalid', 'abort')
ORDER BY t.id
""")
MODELS = Portable("""
SELECT m.instance_id, m.arm, fact(t.evidence, model) AS model,
  sum(number(t.evidence, usage.prompt_tokens)) AS prompt_tokens,
  sum(number(t.evidence, usage.completion_tokens)) AS completion_tokens
FROM machines AS m JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id AND t.event IN ('proposed', 'unusable')
GROUP BY m.id, fact(t.evidence, model)
""")


def compare(store: Store, run: RunRow) -> Comparison:
    """The comparison of the run's arms, in the order that they were named in."""
    with store.reading() as connection:
        asked = {"run_id": run.id}
        rows = connection.execute(MACHINES.on(connection), asked).all()
        ends = connection.execute(ENDS.on(connection), asked).all()
        used = connection.execute(MODELS.on(connection), asked).all()
    left_out = {
        row.instance_id for row in rows if row.state not in FINAL or row.aborted == CANCELLED
    }
    counted = [_machine(row) for row in rows if row.instance_id not in left_out]
    names = list(dict.fromkeys(row.arm for row in rows))
    records = [
        _record(
            run,
            name,
            [one for one in counted if one.arm == name],
            _of(ends, name, left_out),
            _of(used, name, left_out),
        )
        for name in names
    ]
    return assembled(records, left_out)


def _machine(row: Row[Any]) -> MachineFigures:
    return MachineFigures(
        instance_id=row.instance_id,
        arm=row.arm,
        state=State(row.state),
        repo=row.repo or "–",
        kind=kind(row.patch),
        passed_at=row.passed_at,
        calls=row.calls,
        applied=row.applied,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cached_tokens=row.cached_tokens,
        model_seconds=row.model_seconds,
        seconds=round(row.seconds, 3),
    )


def _of(rows: Iterable[Row[Any]], arm: str, left_out: set[str]) -> list[Row[Any]]:
    return [row for row in rows if row.arm == arm and row.instance_id not in left_out]


def _record(
    run: RunRow,
    name: str,
    own: Sequence[MachineFigures],
    ends: Sequence[Row[Any]],
    used: Sequence[Row[Any]],
) -> ArmRecord:
    config = frozen(run.config, name)
    return ArmRecord(
        arm=name,
        models=tuple(dict.fromkeys(row.model for row in used)) or config.models,
        feedback=config.feedback,
        attempts=config.attempts,
        settings=own_settings(run.config, name),
        ends=Counter(row.reason for row in ends),
        cost=total(
            price(row.model, row.prompt_tokens or 0, row.completion_tokens or 0) for row in used
        ),
        machines=tuple(own),
    )
