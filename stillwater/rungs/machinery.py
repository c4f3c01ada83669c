"""Rung 641, edge sanity: the machinery itself, and whether the run's own record and models fit it.

In each sandbox that this machine has, canaries walk every edge of the graph, and the database of
that walk is audited. Then the run's database is, and each of its models' servers is asked for the
context length that it really has. A sandbox or model that isn't there is said to be not checked,
for that is the world's doing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stillwater import __version__
from stillwater.audit.whole import audit
from stillwater.canonical import Json
from stillwater.config import Config, frozen, frozen_arms, stored
from stillwater.errors import InputError, WorldError
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.machine import Event, State, edges
from stillwater.models.chain import bases_of, reach_any
from stillwater.models.client import BUILTIN
from stillwater.models.reach import Reach
from stillwater.repository import Repositories
from stillwater.rungs import canary, throwaway
from stillwater.rungs.model import Asked, Finding, Result, family
from stillwater.sandbox import (
    DockerSandbox,
    LocalSandbox,
    Sandbox,
    brief,
    engine,
    images,
    scratch,
)
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.steps import Tools
from stillwater.store import Store
from stillwater.where import Database

RUNG = 641
FEEDBACKS = ("tests", "visible")
Edge = tuple[State, Event, State]


def machinery(asked: Asked) -> Result:
    """Check the machinery of this machine, and the run's record and models."""
    config = frozen(asked.run.config)
    findings = [finding for kind in ("local", "docker") for finding in _sandbox(asked, kind)]
    asked.say(f"Auditing {asked.place.db} …")
    findings.append(audited(asked.place.db, "the run's database", asked.run.id))
    findings += _models(asked, config)
    return Result(RUNG, asked.run.id, findings)


def _sandbox(asked: Asked, kind: str) -> Iterator[Finding]:
    image = frozen(asked.run.config).docker_image
    silence = engine.engine_answers() if kind == "docker" else None
    if silence is not None:
        yield Finding(f"sandbox {kind}", None, silence)
        return
    asked.say(f"Sending canaries through the {kind} sandbox …")
    try:
        with throwaway.home() as home, _chosen(kind, home, image) as sandbox:
            yield from _walk(home, sandbox, image)
    except (WorldError, InputError) as error:
        holds = None if kind == "docker" else False
        yield Finding(f"sandbox {kind}", holds, str(error))


def _walk(home: Path, sandbox: Sandbox, image: str) -> Iterator[Finding]:
    """Run all canaries in that sandbox: whether each went its way, every edge, and the record."""
    db = home / "canary.db"
    source = home / "source"
    commit = canary.repository(source)
    with Store.open(db) as store:
        for feedback in FEEDBACKS:
            config = canary.settings(sandbox.kind, feedback, image)
            _run(store, config, sandbox, canary.rows(source, commit, feedback), home)
        astray, walked = _ways(store)
    missing = [" ".join(edge) for edge in edges() if edge not in walked]
    walls: dict[str, Json] = dict(sandbox.walls())
    ways = len(canary.CANARIES)
    what = f"sandbox {sandbox.kind}"
    told = f"{ways} canaries went their way" if not astray else "; ".join(astray)
    yield Finding(what, not astray, told, {"walls": walls})
    every = f"{len(edges()) - len(missing)} of {len(edges())} edges of the graph walked"
    lacking = f"; not walked: {', '.join(missing)}" if missing else ""
    yield Finding(f"edges, {sandbox.kind}", not missing, every + lacking)
    yield audited(db, f"chain, {sandbox.kind}", home=home)


def _run(
    store: Store, config: Config, sandbox: Sandbox, rows: list[dict[str, Json]], home: Path
) -> None:
    sha256 = canary.sha256_of(rows)
    store.create_run(
        run_id=config.feedback,
        dataset="canaries",
        dataset_sha256=sha256,
        config=stored(config),
        version=__version__,
        rows=rows,
        arms={"default": canary.MODEL},
    )
    tools = Tools(Repositories(home, config.repo_url), sandbox, canary.Model())
    scheduler = Scheduler(
        store=store,
        run_id=config.feedback,
        dataset_sha256=sha256,
        config=config,
        executor=ThreadExecutor(Workshop(canary.steps(), tools), limits(config)),
    )
    scheduler.run()


def _ways(store: Store) -> tuple[list[str], set[Edge]]:
    """Which canaries went another way than they must, in a sentence each; and every edge walked."""
    astray, walked = [], set[Edge]()
    for run in store.runs():
        for row in store.machines(run.id):
            past = store.history(row.id)
            walked |= {(one.source, one.event, one.target) for one in past}
            events = " ".join(one.event for one in past)
            if events != canary.NAMED[row.instance_id].events:
                last = past[-1].evidence if past else {}
                why = last.get("reason") or last.get("problem")
                said = f" ({why})" if why else ""
                astray.append(f"{row.instance_id} went {events or 'nowhere'}{said}")
    return astray, walked


def audited(db: Database, what: str, run: str | None = None, home: Path | None = None) -> Finding:
    """What the audit says of the database; with `home` it derives again what it can."""
    report = audit(db, run=run, home=home)
    facts: dict[str, Json] = {"audited": dict(report.checked)}
    if report.violation is not None:
        return Finding(what, False, str(report.violation), facts)
    heads = sum(one.count for one in report.heads)
    kept = f", {heads} heads kept beside it found in it" if heads else ""
    told = f"the chain of {report.checked['transitions']} transitions holds{kept}"
    return Finding(what, True, told, facts)


def _models(asked: Asked, config: Config) -> Iterator[Finding]:
    """For each model that the run asks, and each context length that it asks of it."""
    arms = frozen_arms(asked.run.config)
    told = {
        (row.model, row.arm): arms.get(row.arm, config)
        for row in asked.store.machines(asked.run.id)
    }
    seen: set[tuple[str, str | None, int]] = set()
    for (model, _), one in told.items():
        if (alike := (model, one.api_base, one.num_ctx)) in seen:
            continue
        seen.add(alike)
        asked.say(f"Asking for the context of {model} …")
        try:
            found = reach_any(model, bases_of(one), config.key)
        except InputError as error:
            yield Finding(f"context of {model}", None, str(error))
        else:
            yield context_of(found, one.num_ctx)


def context_of(found: Reach, num_ctx: int) -> Finding:
    """Whether the context that a model's server tells of is as long as the configured one."""
    what = f"context of {found.model}"
    if found.problem is not None:
        return Finding(what, None, f"{found.problem}: {found.remedy}")
    if found.context is None:
        inside = found.model.startswith(BUILTIN)
        return Finding(what, None, "it has none" if inside else "its server does not tell it")
    told = f"{found.context} tokens, num_ctx is {num_ctx}"
    facts: dict[str, Json] = {"context": found.context, "num_ctx": num_ctx}
    return Finding(what, found.context >= num_ctx, told, facts)


@contextmanager
def _chosen(kind: str, home: Path, image: str) -> Iterator[Sandbox]:
    sandbox: Sandbox = LocalSandbox(home)
    if kind == "docker":
        with engine.connect() as client:
            images.pull(client, image)
        sandbox = DockerSandbox(home, image, f"{family()}-{scratch.unique()}")
    with brief(sandbox, family()):
        yield sandbox
