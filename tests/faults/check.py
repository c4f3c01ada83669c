"""What must hold after every fault: the one definition of having survived."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from stillwater.runs import Place
from stillwater.sandbox import groups, scratch
from stillwater.store.upkeep import check as sound
from tests.e2e.audit import check_paths, result
from tests.e2e.command import ROOT, environment, processes_in
from tests.faults.world import World
from tests.patience import DEADLINE

TIMES = frozenset({"seconds", "created_at", "finished_at", "started_at", "world_failures"})
OF_ITS_OWN = frozenset({"id", "config", "dataset_sha256", "version"})
"""What differs between two runs of the same: times, and where things lie."""


@dataclass(frozen=True)
class Told:
    """What a fault cost: transitions that were lost, questions asked again, waits."""

    lost: int
    repeated: int
    waited: int


@dataclass(frozen=True)
class Undisturbed:
    """How the run ends when nothing disturbs it."""

    report: Any
    evidence: Any


def check(world: World, undisturbed: Undisturbed) -> Told:
    """Let the run come to its end; then everything must be as if nothing had happened."""
    world.finish()
    lost = lost_of(world)
    with ThreadPoolExecutor(2) as both:
        asked = both.submit(audited, world), both.submit(outcome, world)
        asked[0].result()
        report, evidence = asked[1].result()
    if world.same != "nothing":
        told = _differences(report, undisturbed.report)
        assert not told, f"the report differs: {told}"
    if world.same == "all":
        told = _differences(evidence, undisturbed.evidence)
        assert not told, f"the evidence differs: {told}"
    check_paths(world.db)
    assert sound(world.db) == []
    nothing_left(world)
    assert "Traceback" not in world.said, world.said[-3000:]
    return Told(lost, _repeated(world), _count(world, "event = 'defer'"))


def undisturbed(world: World) -> Undisturbed:
    """Run it in peace."""
    world.ended(world.start())
    audited(world)
    report, evidence = outcome(world)
    states = Counter(one["state"] for one in report["machines"])
    assert states == {"VERIFIED": 2, "FAILED": 1}, report
    nothing_left(world)
    return Undisturbed(report, evidence)


def lost_of(world: World) -> int:
    """How many of the transitions that were acknowledged are no longer there: none may be."""
    now = {row[0]: row for row in world.rows()}
    lost = [row for row in world.acknowledged.values() if now.get(row[0]) != row]
    assert lost == [], f"acknowledged and lost: {lost}"
    there: Counter[tuple[Any, ...]] = Counter(
        world.read(
            "SELECT m.instance_id, t.attempt, t.source, t.event, t.target"
            " FROM transitions AS t JOIN machines AS m ON m.id = t.machine_id"
        )
    )
    missing = world.announced - there
    assert not missing, f"announced and lost: {missing}"
    return len(lost) + missing.total()


def audited(world: World) -> None:
    """The audit passes, up to the head kept beside; nothing is left underived."""
    told = json.loads(_ask(world, "audit", "--json"))
    assert told["holds"], told
    assert told["not_derived"] == []
    assert [kept["behind"] for kept in told["heads"]] == [0], told["heads"]


def outcome(world: World) -> tuple[Any, Any]:
    """The final report and the evidence, without times."""
    report = _timeless(json.loads(_ask(world, "report", "--json")))
    return report, result(world.db)


def nothing_left(world: World) -> None:
    """No process, container, control group, work tree or half of anything is left over."""
    deadline = time.monotonic() + DEADLINE
    while (left := _leftovers(world)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == [], f"left over: {left}"


def no_process(world: World) -> None:
    """No process of it lives on, though nobody has gone on with the run yet."""
    deadline = time.monotonic() + DEADLINE
    while (left := processes_in(world.folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == [], f"left over: {left}"


def _leftovers(world: World) -> list[str]:
    home = world.home
    found = processes_in(world.folder)
    found += [str(path) for name in ("work", "scratch") for path in (home / name).glob("*")]
    found += [
        str(path) for path in home.glob("environments/*/") if not (path / "ready.json").exists()
    ]
    for pattern in ("tmp_*", "*.lock", "*.partial"):
        halves = (home / "repositories").glob(f"*.git/**/{pattern}")
        found += [str(path) for path in halves]
    named = [group.name for group in groups.leftovers() if scratch.belongs_to_the_dead(group.name)]
    found += [name for name in named if {int(n) for n in re.findall(r"\d+", name)} & world.pids]
    return found + (_containers(world) if world.sandbox == "docker" else [])


def _containers(world: World) -> list[str]:
    import docker

    client = docker.from_env()
    try:
        label = f"stillwater={Place(world.db).label}"
        found = client.containers.list(all=True, ignore_removed=True, filters={"label": label})
        return [str(container.name) for container in found]
    finally:
        client.close()


def _repeated(world: World) -> int:
    answered = _count(
        world, "event IN ('proposed', 'unusable') OR source = 'GENERATE' AND event = 'abort'"
    )
    return world.model.asked - answered


def _count(world: World, where: str) -> int:
    return int(world.read(f"SELECT count(*) FROM transitions WHERE {where}")[0][0])


def _ask(world: World, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "stillwater", *words],
        cwd=world.folder,
        env=environment(world.folder) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        left_out = TIMES | OF_ITS_OWN
        return {k: _timeless(v) for k, v in value.items() if k not in left_out}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _differences(one: Any, other: Any, at: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [d for k in keys for d in _differences(one.get(k), other.get(k), f"{at}.{k}")]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for k, (a, b) in pairs for d in _differences(a, b, f"{at}[{k}]")]
    return [] if one == other else [f"{at}: {one!r}, not {other!r}"]
