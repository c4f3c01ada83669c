"""The API under /api: submit, cancel and resume runs; read machines, evidence, reports."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi import Path as InPath
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import ValidationError

from stillwater import __version__, datasets
from stillwater.certificates import keys, writing
from stillwater.errors import InputError
from stillwater.machine import State
from stillwater.service import told
from stillwater.service.models import (
    Health,
    MachineTold,
    Page,
    RunTold,
    RunWhole,
    Sha256,
    TransitionTold,
    TransitionWhole,
)
from stillwater.service.problems import Conflict, Missing, documented
from stillwater.service.submit import Submission, file_name, unfit
from stillwater.store import MachineRow, RunRow, Store, listing
from stillwater.telling.predictions import of_arm, patches_of, prediction
from stillwater.telling.summary import summary

if TYPE_CHECKING:
    from stillwater.service.app import Service

REFUSED = documented(401, 403, 413, 421, 422, 503)
READING = documented(401, 404, 421, 422, 503)

Most = Annotated[int, Query(ge=1, le=500, description="At most so many.")]
AfterId = Annotated[int, Query(ge=0, le=2**62, description="Those with ids above it.")]
RunId = Annotated[str, InPath(min_length=1, max_length=100, description="A run's id.")]
MachineId = Annotated[int, InPath(ge=1, le=2**62)]
Arm = Annotated[str | None, Query(max_length=60, description="Which, where the run has several.")]
LINES = "application/x-ndjson"


def router(service: "Service") -> APIRouter:
    """All routes but the stream of events."""
    routes = APIRouter()
    _health(routes, service)
    _runs(routes, service)
    _control(routes, service)
    _machines(routes, service)
    _exports(routes, service)
    return routes


def _health(routes: APIRouter, service: "Service") -> None:
    @routes.get("/health", tags=["service"], responses=documented(401, 421))
    def health() -> Health:
        """Whether the service does its work."""
        status = "taken over" if service.worker.taken_over else "ok"
        return Health(status=status, version=__version__, running=len(service.worker.running()))


def _runs(routes: APIRouter, service: "Service") -> None:
    @routes.get("/runs", tags=["runs"], responses=READING)
    def runs(
        limit: Most = 50,
        after: Annotated[str | None, Query(max_length=100, description="A run's id.")] = None,
    ) -> Page[RunTold]:
        """The runs, newest first."""
        with service.readers.store() as store:
            rows, more = told.page_of_runs(store, after, limit)
            return Page(items=told.runs(store, service.worker, rows), next=more)

    @routes.post("/runs", status_code=201, tags=["runs"], responses=REFUSED)
    def submit(asked: Submission, response: Response) -> RunWhole:
        """Submit a run of a named dataset."""
        return _submitted(service, asked, None, response)

    @routes.post("/runs/upload", status_code=201, tags=["runs"], responses=REFUSED)
    def upload(
        file: Annotated[UploadFile, File(description="A .jsonl, .json or .parquet dataset.")],
        response: Response,
        submission: Annotated[
            str, Form(max_length=100_000, description="A submission as JSON.")
        ] = "{}",
    ) -> RunWhole:
        """Submit a run of the dataset that is sent with it."""
        try:
            asked = Submission.model_validate_json(submission)
        except ValidationError as error:
            raise unfit(error, "submission") from error
        name = file_name(file.filename)
        return _submitted(service, asked, datasets.parse(name, file.file.read()), response)

    @routes.get("/runs/{run_id}", tags=["runs"], responses=READING)
    def run(run_id: RunId) -> RunWhole:
        """One run, how far it is, and its configuration."""
        with service.readers.store() as store:
            return told.run(store, service.worker, run_id)

    @routes.get("/runs/{run_id}/report", tags=["runs"], responses=READING)
    def report(run_id: RunId) -> dict[str, Any]:
        """All that `stillwater report --json` says of it."""
        with service.readers.store() as store:
            found: dict[str, Any] = summary(store, told.run_row(store, run_id))
        return found


def _submitted(
    service: "Service", asked: Submission, sent: datasets.Dataset | None, response: Response
) -> RunWhole:
    run_id = service.desk.submit(asked, sent)
    response.headers["Location"] = f"/api/runs/{run_id}"
    with service.readers.store() as store:
        return told.run(store, service.worker, run_id)


def _control(routes: APIRouter, service: "Service") -> None:
    conflict = {**REFUSED, **documented(404, 409)}

    @routes.post("/runs/{run_id}/cancel", status_code=202, tags=["runs"], responses=conflict)
    def cancel(run_id: RunId) -> RunWhole:
        """End the run: each machine that isn't final fails as cancelled by the operator."""
        return _told_of(service, run_id, cancel=True)

    @routes.post("/runs/{run_id}/resume", status_code=202, tags=["runs"], responses=conflict)
    def resume(run_id: RunId) -> RunWhole:
        """Let a blocked run go on."""
        return _told_of(service, run_id, cancel=False)


def _told_of(service: "Service", run_id: str, *, cancel: bool) -> RunWhole:
    with service.readers.store() as store:
        row = told.run_row(store, run_id)
        (service.worker.cancel if cancel else service.worker.resume)(row.id)
        return told.run(store, service.worker, row.id)


def _machines(routes: APIRouter, service: "Service") -> None:
    @routes.get("/runs/{run_id}/machines", tags=["machines"], responses=READING)
    def machines(
        run_id: RunId,
        state: Annotated[State | None, Query(description="Only those in this state.")] = None,
        arm: Arm = None,
        limit: Most = 100,
        after: AfterId = 0,
    ) -> Page[MachineTold]:
        """The machines of a run, in the order of their creation."""
        with service.readers.store() as store:
            rows = [
                row
                for row in store.machines(told.run_row(store, run_id).id)
                if row.id > after and state in {None, row.state} and arm in {None, row.arm}
            ]
        more = str(rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=[told.machine(row) for row in rows[:limit]], next=more)

    @routes.get("/machines/{machine_id}", tags=["machines"], responses=READING)
    def machine(machine_id: MachineId) -> MachineTold:
        """One machine."""
        with service.readers.store() as store:
            return told.machine(told.machine_row(store, machine_id))

    @routes.get("/machines/{machine_id}/transitions", tags=["machines"], responses=READING)
    def of_machine(
        machine_id: MachineId, limit: Most = 100, after: AfterId = 0
    ) -> Page[TransitionWhole]:
        """The transitions of a machine with all their evidence, oldest first."""
        with service.readers.store() as store:
            told.machine_row(store, machine_id)
        found = told.transitions(service.readers, after, limit + 1, machine_id=machine_id)
        return Page(items=[told.whole(one) for one in found[:limit]], next=_next(found, limit))

    @routes.get("/runs/{run_id}/transitions", tags=["machines"], responses=READING)
    def of_run(run_id: RunId, limit: Most = 100, after: AfterId = 0) -> Page[TransitionTold]:
        """The transitions of a run, oldest first, each in a line."""
        with service.readers.store() as store:
            found_id = told.run_row(store, run_id).id
        found = told.transitions(service.readers, after, limit + 1, run_id=found_id)
        return Page(items=[told.short(one) for one in found[:limit]], next=_next(found, limit))

    @routes.get(
        "/artifacts/{sha256}",
        tags=["machines"],
        response_class=PlainTextResponse,
        responses={**READING, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def artifact(sha256: Annotated[Sha256, InPath()]) -> Response:
        """A prompt, completion, patch or log as it is stored, always as plain text."""
        with service.readers.store() as store:
            with store.reading() as connection:
                if not listing.is_kept(connection, sha256):
                    raise Missing(f"there is no artifact {sha256}")
            content = store.artifact(sha256)
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(content, media_type="text/plain; charset=utf-8", headers=headers)


def _next(found: list[listing.Listed], limit: int) -> str | None:
    return str(found[limit - 1].id) if len(found) > limit else None


def _exports(routes: APIRouter, service: "Service") -> None:
    lines: dict[int | str, dict[str, Any]] = {
        **READING,
        **documented(409),
        200: {"content": {LINES: {"schema": {"type": "string"}}}},
    }

    @routes.get(
        "/runs/{run_id}/predictions",
        tags=["exports"],
        response_class=StreamingResponse,
        responses=lines,
    )
    def predictions(run_id: RunId, arm: Arm = None) -> Response:
        """Its patches as SWE-bench's predictions, one JSON line an instance."""
        with service.readers.store() as store:
            made = [
                json.dumps(prediction(row, machine, patch)).encode() + b"\n"
                for row, machine, patch in _patches(service, store, run_id, arm)
            ]
        return StreamingResponse(iter(made), media_type=LINES)

    @routes.get(
        "/runs/{run_id}/certificates",
        tags=["exports"],
        response_class=StreamingResponse,
        responses=lines,
    )
    def certificates(run_id: RunId, arm: Arm = None) -> Response:
        """A certificate of each verified instance, one JSON line each; signed if there is a key."""
        with service.readers.store() as store:
            made = list(_certificates(service, store, run_id, arm))
        return StreamingResponse(iter(made), media_type=LINES)


def _patches(
    service: "Service", store: Store, run_id: str, arm: str | None
) -> Iterator[tuple[RunRow, MachineRow, bytes]]:
    row = told.run_row(store, run_id)
    try:
        chosen = of_arm(store.machines(row.id), row, arm)
    except InputError as error:
        raise (Conflict if arm is None else Missing)(str(error)) from error
    for machine, patch in patches_of(store, service.db, row, chosen[0].arm, last=False):
        yield row, machine, patch


def _certificates(
    service: "Service", store: Store, run_id: str, arm: str | None
) -> Iterator[bytes]:
    key = service.place.certificate_key
    signer = keys.signer(Path(key)) if key else None
    for row, machine, patch in _patches(service, store, run_id, arm):
        if patch:
            yield writing.certificate(store, row, machine, patch, signer)
