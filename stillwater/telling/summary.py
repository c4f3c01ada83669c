"""What `report` tells of a run, as one JSON object. Scripts rely on its keys: add, never rename."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from stillwater.comparison import RunFacts, compare
from stillwater.machine import FINAL, State
from stillwater.store import RunRow, Store, queries
from stillwater.store.portable import Portable
from stillwater.store.queries import OutcomeRow, UsageRow
from stillwater.store.times import stamp
from stillwater.telling.results import arms_of, feedback_note, feedback_of

ENDINGS = Portable("""
SELECT t.target AS state, t.event, fact(t.evidence, reason) AS reason, count(*) AS machines
FROM machines AS m JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id AND t.target IN ('VERIFIED', 'FAILED')
GROUP BY t.target, t.event, fact(t.evidence, reason)
ORDER BY t.target DESC, machines DESC, t.event, reason NULLS FIRST
""")
DEFERS = Portable("""
SELECT fact(t.evidence, reason) AS reason, count(*) AS defers,
  count(DISTINCT t.machine_id) AS machines,
  coalesce(sum(number(t.evidence, wait_seconds)), 0.0) AS waiting_seconds
FROM machines AS m JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id AND t.event = 'defer'
GROUP BY fact(t.evidence, reason) ORDER BY defers DESC, reason NULLS FIRST
""")


def summary(store: Store, run: RunRow) -> dict[str, Any]:
    """Everything that is reported of the run; times are seconds, shares between 0 and 1."""
    db = store.path
    outcomes = queries.outcomes(db, run.id)
    config = dict(run.config)
    passed_over = config.pop("passed_over", [])
    return {
        "run": asdict(run_facts(run)),
        "feedback": feedback_of(config),
        "feedback_note": feedback_note(config),
        "total": len(outcomes),
        "verified": sum(one.state is State.VERIFIED for one in outcomes),
        "failed": sum(one.state is State.FAILED for one in outcomes),
        "unfinished": sum(one.state not in FINAL for one in outcomes),
        "success_at_k": [asdict(row) for row in queries.success_at_k(db, run.id)],
        "repositories": [asdict(row) for row in queries.by_repository(db, run.id)],
        "models": _models(outcomes, queries.model_usage(db, run.id)),
        "seconds": _seconds(run, outcomes),
        "endings": _rows(store, ENDINGS, run.id),
        "world_failures": _world_failures(_rows(store, DEFERS, run.id)),
        "passed_over": passed_over if isinstance(passed_over, list) else [],
        "config": config,
        "machines": [asdict(one) for one in outcomes],
        "comparison": asdict(compare(store, run)) if len(arms_of(outcomes)) > 1 else None,
    }


def _rows(store: Store, statement: Portable, run_id: str) -> list[dict[str, Any]]:
    with store.reading() as connection:
        return [
            dict(row._mapping)
            for row in connection.execute(statement.on(connection), {"run_id": run_id})
        ]


def run_facts(run: RunRow) -> RunFacts:
    """When and of what it was, and by which version."""
    return RunFacts(
        id=run.id,
        created_at=stamp(run.created_at),
        finished_at=stamp(run.finished_at) if run.finished_at else None,
        dataset=run.dataset,
        dataset_sha256=run.dataset_sha256,
        version=run.version,
    )


def _models(outcomes: Sequence[OutcomeRow], usage: Sequence[UsageRow]) -> list[dict[str, Any]]:
    """What each model took, and the machines whose last attempt it made."""
    return [
        {
            **asdict(used),
            "cached_share": _share(used),
            "machines": sum(one.model == used.model for one in outcomes),
            "verified": sum(
                one.model == used.model and one.state is State.VERIFIED for one in outcomes
            ),
        }
        for used in usage
    ]


def _share(used: UsageRow) -> float | None:
    if used.cached_tokens is None or not used.prompt_tokens:
        return None
    return round(used.cached_tokens / used.prompt_tokens, 4)


def _seconds(run: RunRow, outcomes: Sequence[OutcomeRow]) -> dict[str, float | None]:
    """`median` and `total` are the steps' time, `wall` is from the start of the run to its end."""
    taken = [one.seconds for one in outcomes if one.state in FINAL]
    wall = (run.finished_at - run.created_at).total_seconds() if run.finished_at else None
    return {
        "median": round(median(taken), 3) if taken else None,
        "total": round(sum(one.seconds for one in outcomes), 3),
        "wall": wall,
    }


def _world_failures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "defers": sum(row["defers"] for row in rows),
        "waiting_seconds": sum(row["waiting_seconds"] for row in rows),
        "reasons": list(rows),
    }
