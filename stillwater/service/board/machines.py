"""The pages of one machine, and of two runs side by side."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from stillwater.machine import FINAL
from stillwater.service import told
from stillwater.service.api import MachineId
from stillwater.service.board import excerpts
from stillwater.service.board.attempts import attempts
from stillwater.service.board.pairs import KINDS, pairs
from stillwater.service.board.rendering import Pages
from stillwater.store import queries
from stillwater.telling.facts import facts
from stillwater.telling.machines import artifacts_of, patch_of, setting

if TYPE_CHECKING:
    from stillwater.service.app import Service

MOST_OFFERED = 100
"""Runs that can be chosen to be compared."""

Chosen = Annotated[str, Query(max_length=100)]


def router(service: "Service", pages: Pages) -> APIRouter:
    """The routes of machines, and of runs that are compared."""
    routes = APIRouter()

    @routes.get("/machines/{machine_id}")
    def machine(machine_id: MachineId) -> HTMLResponse:
        return _machine(service, pages, machine_id)

    @routes.get("/compare")
    def compare(left: Chosen = "", right: Chosen = "") -> HTMLResponse:
        return _compare(service, pages, left, right)

    return routes


def _machine(service: "Service", pages: Pages, machine_id: int) -> HTMLResponse:
    with service.readers.store() as store:
        row = told.machine_row(store, machine_id)
        run = store.run(row.run_id)
        issue = str(store.instance(run.dataset_sha256, row.instance_id).get("problem_statement"))
        steps = queries.timeline(store.path, row.id)
        sha256 = patch_of(steps, verified=True)
        return pages.page(
            "machine",
            machine=row,
            run=run,
            feedback=str(setting(run, row.arm, "feedback")),
            live=row.state not in FINAL and run.finished_at is None,
            running=next((r for r in service.worker.running() if r.machine_id == row.id), None),
            issue=issue,
            timeline=[
                (step, facts(step.event, step.evidence), artifacts_of(step)) for step in steps
            ],
            attempts=attempts(store, steps),
            verified=excerpts.patch(sha256, store.artifact(sha256)) if sha256 else None,
        )


def _compare(service: "Service", pages: Pages, left: str, right: str) -> HTMLResponse:
    with service.readers.store() as store:
        known = [(run.id, run.dataset) for run in store.runs()[:MOST_OFFERED]]
        if not (left and right):
            return pages.page("compare", known=known, left=left, right=right, both=None)
        both = [told.run(store, service.worker, one) for one in (left, right)]
        rows = [queries.outcomes(store.path, run.id) for run in both]
    found = pairs(*rows)
    return pages.page(
        "compare",
        known=known,
        left=both[0].id,
        right=both[1].id,
        both=both,
        pairs=found,
        kinds=KINDS,
        counted=Counter(pair.kind for pair in found),
    )
