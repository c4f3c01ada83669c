"""The pages of all runs and of one, and what a person may do: submit, cancel, resume."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from stillwater.comparison import compare
from stillwater.comparison.page import page as comparison_page
from stillwater.errors import InputError, StillwaterError
from stillwater.machine import State
from stillwater.service import told
from stillwater.service.api import RunId
from stillwater.service.board import reading, submitting
from stillwater.service.board.rendering import Pages
from stillwater.service.board.slots import slots
from stillwater.service.board.submitting import Typed, typed
from stillwater.service.problems import Missing
from stillwater.store import RunRow, listing
from stillwater.telling.results import feedback_note
from stillwater.telling.summary import run_facts

if TYPE_CHECKING:
    from stillwater.service.app import Service

AT_ONCE = 50
MOST_REASONS = 30
COMPARISON = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What that page may do: it holds its style, and the model's words escaped, but no script."""


def router(service: "Service", pages: Pages) -> APIRouter:
    """The routes of runs."""
    routes = APIRouter()

    @routes.get("/")
    def runs(after: Annotated[str, Query(max_length=100)] = "") -> HTMLResponse:
        return _runs(service, pages, after)

    @routes.get("/submit")
    def form() -> HTMLResponse:
        return _form(service, pages, Typed())

    @routes.post("/runs")
    def submit(asked: Annotated[Typed, Depends(typed)]) -> Response:
        try:
            run_id = service.desk.submit(asked.submission(), asked.sent())
        except InputError as error:
            return _form(service, pages, asked, 422, str(error))
        except StillwaterError as error:
            return _form(service, pages, asked, 503, str(error))
        return RedirectResponse(f"/runs/{run_id}", 303)

    @routes.get("/runs/{run_id}")
    def run(run_id: RunId) -> HTMLResponse:
        return _run(service, pages, run_id)

    @routes.get("/runs/{run_id}/comparison")
    def comparison(run_id: RunId) -> HTMLResponse:
        with service.readers.store() as store:
            row = told.run_row(store, run_id)
            compared = compare(store, row)
            if len(compared.arms) < 2:
                raise Missing(f"run {row.id} has one arm and nothing to compare")
        text = comparison_page(compared, [run_facts(row)], feedback_note(row.config))
        return HTMLResponse(text, headers={"Content-Security-Policy": COMPARISON})

    @routes.post("/runs/{run_id}/cancel")
    def cancel(run_id: RunId) -> Response:
        return _control(service, run_id, cancel=True)

    @routes.post("/runs/{run_id}/resume")
    def resume(run_id: RunId) -> Response:
        return _control(service, run_id, cancel=False)

    return routes


def _runs(service: "Service", pages: Pages, after: str) -> HTMLResponse:
    with service.readers.store() as store:
        rows, more = told.page_of_runs(store, after, AT_ONCE)
        listed = told.runs(store, service.worker, rows)
        with store.reading() as connection:
            success = listing.success_at_k(connection, [row.id for row in rows])
    return pages.page(
        "runs",
        runs=[(one, _models(row), success[row.id]) for one, row in zip(listed, rows, strict=True)],
        after=after,
        more=more,
    )


def _form(
    service: "Service", pages: Pages, asked: Typed, status: int = 200, problem: str = ""
) -> HTMLResponse:
    return pages.page(
        "submit",
        status,
        typed=asked,
        problem=problem,
        arms=submitting.arms(service.desk),
        datasets=submitting.DATASETS,
    )


def _run(service: "Service", pages: Pages, run_id: str) -> HTMLResponse:
    with service.readers.store() as store:
        row = told.run_row(store, run_id)
        whole = told.run(store, service.worker, row.id)
        machines = store.machines(row.id)
        ids = {machine.id for machine in machines}
        running = {one.machine_id: one for one in service.worker.running() if one.machine_id in ids}
        spans = reading.spans(store, row.id)
        failures = reading.failures(store, row.id)
        defers = reading.defers(store, row.id)
        others = [(one.id, one.dataset) for one in store.runs()[:AT_ONCE] if one.id != row.id]
    columns: dict[State, list[Any]] = {state: [] for state in State}
    for machine in machines:
        columns[machine.state].append(machine)
    return pages.page(
        "run",
        run=whole,
        models=_models(row),
        columns=columns,
        running=running,
        ends={span.machine_id: span.event for span in spans},
        slots=slots(spans, list(running.values()), service.worker.limits(row), datetime.now(UTC)),
        failures=failures[:MOST_REASONS],
        more_failures=failures[MOST_REASONS:],
        defers=defers,
        others=others,
        several=len({machine.arm for machine in machines}) > 1,
        total=len(machines),
    )


def _models(row: RunRow) -> list[str]:
    models = row.config.get("models")
    return [str(one) for one in models] if isinstance(models, list) else []


def _control(service: "Service", run_id: str, *, cancel: bool) -> Response:
    with service.readers.store() as store:
        row = told.run_row(store, run_id)
    (service.worker.cancel if cancel else service.worker.resume)(row.id)
    return RedirectResponse(f"/runs/{row.id}", 303)
