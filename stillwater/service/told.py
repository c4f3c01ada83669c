"""Rows of the database as the API and the board tell them."""

from collections.abc import Mapping, Sequence

from stillwater.errors import InputError
from stillwater.machine import State
from stillwater.service.models import (
    MachineTold,
    RunTold,
    RunWhole,
    SuccessTold,
    TransitionTold,
    TransitionWhole,
)
from stillwater.service.problems import Missing
from stillwater.service.readers import Readers
from stillwater.service.worker import Worker
from stillwater.store import MachineRow, RunRow, Store, listing
from stillwater.telling.facts import facts
from stillwater.telling.results import feedback_of


def page_of_runs(store: Store, after: str | None, most: int) -> tuple[list[RunRow], str | None]:
    """At most that many runs, the newest first, of those that come after the run of that id; and
    the `after` of the next page.

    Raises:
        Missing: there is no such run.
    """
    rows = store.runs()
    if after:
        at = next((n for n, row in enumerate(rows) if row.id == after), None)
        if at is None:
            raise Missing(f"after: there is no run {after}")
        rows = rows[at + 1 :]
    return rows[:most], rows[most - 1].id if len(rows) > most else None


def runs(store: Store, worker: Worker, rows: Sequence[RunRow]) -> list[RunTold]:
    """These runs."""
    with store.reading() as connection:
        counted = listing.counts(connection)
    return [_run(row, counted.get(row.id, {}), worker) for row in rows]


def run_row(store: Store, run_id: str) -> RunRow:
    """The row of that run; Missing if there is none."""
    try:
        return store.run(run_id)
    except InputError as error:
        raise Missing(str(error)) from error


def machine_row(store: Store, machine_id: int) -> MachineRow:
    """The row of that machine; Missing if there is none."""
    try:
        return store.machine(machine_id)
    except InputError as error:
        raise Missing(str(error)) from error


def run(store: Store, worker: Worker, run_id: str) -> RunWhole:
    """One run; Missing if there is none."""
    row = run_row(store, run_id)
    with store.reading() as connection:
        counted = listing.counts(connection).get(row.id, {})
        success = listing.success_at_k(connection, [row.id])[row.id]
    short = _run(row, counted, worker)
    told = [SuccessTold.model_validate(one, from_attributes=True) for one in success]
    return RunWhole(**short.model_dump(), success_at_k=told, config=dict(row.config))


def machine(row: MachineRow) -> MachineTold:
    """One machine."""
    return MachineTold.model_validate(row, from_attributes=True)


def transitions(
    readers: Readers,
    after: int,
    most: int,
    run_id: str | None = None,
    machine_id: int | None = None,
) -> list[listing.Listed]:
    """As `listing.transitions`, on a connection of its own."""
    with readers.store() as store, store.reading() as connection:
        return listing.transitions(connection, after, most, run_id, machine_id)


def short(one: listing.Listed) -> TransitionTold:
    """A transition in a line."""
    return TransitionTold(
        **{name: getattr(one, name) for name in TransitionTold.model_fields if name != "told"},
        told=facts(one.event, one.evidence),
    )


def whole(one: listing.Listed) -> TransitionWhole:
    """A transition with its evidence."""
    return TransitionWhole(
        **short(one).model_dump(),
        evidence=dict(one.evidence),
        prev_sha256=one.prev_sha256,
        sha256=one.sha256,
    )


def _run(row: RunRow, counted: Mapping[str, Mapping[State, int]], worker: Worker) -> RunTold:
    activity, blocked = worker.activity(row)
    return RunTold(
        id=row.id,
        created_at=row.created_at,
        finished_at=row.finished_at,
        dataset=row.dataset,
        dataset_sha256=row.dataset_sha256,
        version=row.version,
        feedback=feedback_of(row.config),
        activity=activity,
        blocked=blocked,
        machines={state: sum(of.get(state, 0) for of in counted.values()) for state in State},
        arms=list(counted),
    )
