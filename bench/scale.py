"""What many instances cost: peak memory and wall time of 30 and of 300, none with an image.

    python bench/scale.py [--machines 30 300] [--sandbox local]

The instances are the bundled samples over and over, each a machine of its own with the real READ
and TEST steps, real git and a real sandbox; the model is instant (it answers with the right patch),
so that what is measured is Stillwater and the tests. Each size runs in a process of its own. Peak
memory is that process's, without the sandbox's processes. Prints both and their ratios.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import claims
from stillwater import datasets, logs
from stillwater.config import load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.machine import Event, State
from stillwater.models.client import LitellmClient
from stillwater.repository import Repositories
from stillwater.sandbox import choose
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps import STEPS, Tools
from stillwater.store import Store


def propose(snapshot: Snapshot, tools: Tools) -> Outcome:
    """GENERATE by an instant model."""
    return Outcome(Event.PROPOSED, {}, {"edits": Artifact("edits", b"[]")})


def apply(snapshot: Snapshot, tools: Tools) -> Outcome:
    """APPLY of the right patch."""
    patch = Artifact("patch", snapshot.instance.patch.encode())
    return Outcome(Event.APPLIED, {}, {"patch": patch})


def run(folder: Path, machines: int, kind: str) -> dict[str, float]:
    """Seconds, peak memory in MiB and verified machines of one run in this process."""
    samples = datasets.load("samples").rows
    repeated = [samples[n % len(samples)] for n in range(machines)]
    rows = [{**row, "instance_id": f"{row['instance_id']}-{n}"} for n, row in enumerate(repeated)]
    config = load({"attempts": 1, "models": ("instant",), "sandbox": kind})
    sandbox, _ = choose(config.sandbox, folder, config.docker_image, "scale")
    begun = time.perf_counter()
    with Store.open(folder / "stillwater.db") as store:
        store.create_run(
            run_id="scale", dataset="scale", dataset_sha256="0" * 64, config=stored(config),
            version="bench", rows=rows, arms={"default": "instant"},
        )  # fmt: skip
        tools = Tools(Repositories(folder, ""), sandbox, LitellmClient(None, None))
        steps = {**STEPS, State.GENERATE: propose, State.APPLY: apply}
        scheduler = Scheduler(
            store=store, run_id="scale", dataset_sha256="0" * 64, config=config,
            executor=ThreadExecutor(Workshop(steps, tools), limits(config)),
        )  # fmt: skip
        log = logs.to_run_folder(folder / "runs")
        scheduler.run()
        verified = sum(one.state is State.VERIFIED for one in store.machines("scale"))
    log.close()
    sandbox.reap()
    return {
        "machines": machines,
        "verified": verified,
        "seconds": round(time.perf_counter() - begun, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def main() -> None:
    """Measure each size in a process of its own, print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, nargs="+", default=[30, 300])
    parser.add_argument("--sandbox", choices=("local", "docker"), default="local")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    claims.option(parser)
    asked = parser.parse_args()
    if asked.folder is not None:
        print(json.dumps(run(asked.folder.resolve(), asked.machines[0], asked.sandbox)))
        return
    found = []
    for machines in asked.machines:
        with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path()) as name:
            words = ["--machines", str(machines), "--sandbox", asked.sandbox, "--folder", name]
            done = subprocess.run(
                [sys.executable, __file__, *words], check=True, capture_output=True, text=True
            )
            found.append(json.loads(done.stdout))
    first, last = found[0], found[-1]
    ratios = {name: round(last[name] / first[name], 2) for name in ("seconds", "peak_mib")}
    print(json.dumps({"sandbox": asked.sandbox, "runs": found, "ratios": ratios}, indent=1))
    if asked.json:
        few, many = int(first["machines"]), int(last["machines"])
        each = [1000 * one["seconds"] / one["machines"] for one in (first, last)]
        memory, beside = (last["peak_mib"], first["peak_mib"]), f"{few} instances"
        claims.tell([
            claims.beside(f"wall time each of {many} instances", each[1], beside, each[0], "ms"),
            claims.beside(f"peak memory, {many} instances", memory[0], beside, memory[1], "MiB"),
        ])  # fmt: skip


if __name__ == "__main__":
    main()
