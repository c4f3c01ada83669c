"""How much of the prompts of attempts 2 to 6 a server's prefix cache serves, by its own count.

    python bench/prefix.py --api-base http://127.0.0.1:8080/v1 [--model openai/local]
                           [--machines 4] [--attempts 6] [--slots 1 2]

Runs bundled samples with the real model, no tests in between (each attempt's edit counts as wrong),
with as many model slots as `--slots` says, one run for each; several machines then share the
server's slots. Prints for each run the share of the prompt tokens of attempts 2 to 6 that came from
the cache, as the server reports them (`usage.prompt_tokens_details.cached_tokens`), and the least
share that any machine had.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3

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

LOG = b"FAILED tests/test_a.py::test_a - assert 1 == 2\n"
USAGE = """
SELECT machine_id, attempt, json_extract(evidence, '$.usage.prompt_tokens'),
  coalesce(json_extract(evidence, '$.usage.cached_tokens'), 0)
FROM transitions WHERE source = 'GENERATE' AND attempt > 1
"""


def fail(snapshot: Snapshot, tools: Tools) -> Outcome:
    """TEST that every patch fails."""
    return Outcome(
        Event.FAILED,
        {"fail_to_pass": {"failed": list(snapshot.instance.FAIL_TO_PASS)}},
        {"log": Artifact("log", LOG)},
    )


def run(folder: Path, asked: argparse.Namespace, slots: int) -> Mapping[int, tuple[int, int]]:
    """The prompt tokens of each machine's later attempts, and those of them from the cache."""
    rows = datasets.load("samples").rows[:: max(1, 18 // asked.machines)][: asked.machines]
    config = load(
        {
            "attempts": asked.attempts, "models": (asked.model,), "api_base": asked.api_base,
            "model_slots": slots, "sandbox": "local", "num_ctx": 8192, "max_tokens": 512,
        }
    )  # fmt: skip
    sandbox, _ = choose("local", folder, config.docker_image, "prefix")
    with Store.open(folder / "stillwater.db") as store:
        store.create_run(
            run_id="prefix", dataset="prefix", dataset_sha256="0" * 64, config=stored(config),
            version="bench", rows=rows, arms={"default": asked.model},
        )  # fmt: skip
        tools = Tools(Repositories(folder, ""), sandbox, LitellmClient(asked.api_base))
        scheduler = Scheduler(
            store=store, run_id="prefix", dataset_sha256="0" * 64, config=config,
            executor=ThreadExecutor(Workshop({**STEPS, State.TEST: fail}, tools), limits(config)),
        )  # fmt: skip
        log = logs.to_run_folder(folder / "runs")
        scheduler.run()
        log.close()
    found: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    with closing(sqlite3.connect(folder / "stillwater.db")) as database:
        for machine, _, prompt, cached in database.execute(USAGE):
            had = found[machine]
            found[machine] = (had[0] + (prompt or 0), had[1] + cached)
    return found


def main() -> None:
    """One run for each number of slots, and what the cache served."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--api-base", required=True)
    parser.add_argument("--model", default="openai/local")
    parser.add_argument("--machines", type=int, default=4)
    parser.add_argument("--attempts", type=int, default=6)
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 2])
    claims.option(parser)
    asked = parser.parse_args()
    made: list[claims.Claim] = []
    for slots in asked.slots:
        with tempfile.TemporaryDirectory(prefix="prefix-") as name:
            found = run(Path(name), asked, slots)
        prompt, cached = (sum(one[n] for one in found.values()) for n in (0, 1))
        told = {
            "model_slots": slots,
            "machines": len(found),
            "prompt_tokens": prompt,
            "cached_tokens": cached,
            "share": round(cached / prompt, 3) if prompt else None,
            "least_share": round(min(c / p for p, c in found.values() if p), 3),
        }
        print(json.dumps(told), flush=True)
        what = (
            f"prompt tokens of attempts 2 to {asked.attempts} from the cache, {slots} model slots"
        )
        share = cached / prompt if prompt else 0.0
        cache = (f"{cached:,}", "all prompt tokens of these attempts", f"{prompt:,}")
        made.append(claims.Claim(what, *cache, round(share, 3)))
    if asked.json:
        claims.tell(made)


if __name__ == "__main__":
    main()
