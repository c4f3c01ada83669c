"""Everything that Stillwater claims about speed, measured and written to bench/RESULTS.md.

    python -m bench [--only NAME …] [--api-base URL] [--quick]

Each bench is a process of its own, one after the other. A bench that fails or can't run here leaves
its reason in its row; those that aren't run keep what they told before.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, results
from bench.claims import Claim

HERE = Path(__file__).parent
MOST_SECONDS = 3600


@dataclass(frozen=True)
class Bench:
    """How a bench is started; `quick` are sizes that take seconds and say little."""

    words: Sequence[str] = ()
    quick: Sequence[str] = ()


BENCHES: Mapping[str, Bench] = {
    "agent": Bench(quick=("--tasks", "20", "--rounds", "1")),
    "overhead": Bench(quick=("--machines", "20")),
    "durable": Bench(("--peer", "--ours", "1000", "10000"), ("--peer", "--count", "20")),
    "slots": Bench(quick=("--seconds", "0.2", "--machines", "2")),
    "batch": Bench(quick=("--seconds", "0.2", "--machines", "4")),
    "sandbox": Bench(quick=("--runs", "2", "--stops", "1")),
    "steps": Bench(quick=("--steps", "100")),
    "scale": Bench(quick=("--machines", "3", "6")),
    "audit": Bench(quick=("--transitions", "4000", "--rounds", "1")),
    "service": Bench(quick=("--seconds", "6")),
    "prefix": Bench(("--slots", "2"), ("--machines", "2", "--attempts", "2", "--slots", "1")),
}
NEEDS_SERVER = "prefix"


def run(name: str, words: Sequence[str], where: Sequence[str] = ()) -> results.Entry:
    """What that bench tells, started with these words; `where` isn't told, it names a machine."""
    command = [sys.executable, "-m", f"bench.{name}", *words, *where, "--json"]
    told = " ".join(["python", f"bench/{name}.py", *words])
    before, begun = machine.load(), time.monotonic()
    lines, reason = _lines(command)
    claims, skipped = _last(lines)
    return results.Entry(
        command=told,
        date=datetime.now(UTC).date().isoformat(),
        commit=machine.commit(),
        seconds=round(time.monotonic() - begun, 1),
        load=(before, machine.load()),
        machine=machine.described(),
        claims=claims if not reason else (),
        reason=reason or skipped,
    )


def _lines(command: Sequence[str]) -> tuple[list[str], str]:
    """What a bench printed, passed on as it comes, and why it failed, "" where it didn't."""
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(MOST_SECONDS, process.kill)
        watchdog.daemon = True
        watchdog.start()
        for line in process.stdout:
            print(f"  {line}", end="", flush=True)
            lines.append(line.strip())
        watchdog.cancel()
    if process.returncode == 0:
        return lines, ""
    said = next((line for line in reversed(lines) if line), "it printed nothing")
    return lines, f"it failed with exit code {process.returncode}: {said[:300]}"


def _last(lines: Sequence[str]) -> tuple[tuple[Claim, ...], str]:
    """The claims of the last line, or why there are none."""
    try:
        told = json.loads(lines[-1])
        if "skipped" in told:
            return (), str(told["skipped"])
        return tuple(Claim(**one) for one in told["claims"]), ""
    except (IndexError, ValueError, TypeError, KeyError):
        return (), "it told no claims"


def absent(reason: str, name: str) -> results.Entry:
    """The entry of a bench that wasn't started."""
    now = datetime.now(UTC).date().isoformat()
    load = machine.load()
    command = f"python bench/{name}.py"
    return results.Entry(
        command, now, machine.commit(), 0.0, (load, load), machine.described(), (), reason
    )


def main(arguments: Sequence[str] | None = None, folder: Path = HERE) -> None:
    """Run the benches that are wanted, and write both files into `folder`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=BENCHES, metavar="NAME", default=[*BENCHES])
    parser.add_argument("--api-base", help="of a model's server, for the prefix cache's share")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that all works")
    asked = parser.parse_args(arguments)
    record, page = folder / "RESULTS.json", folder / "RESULTS.md"
    for name in asked.only:
        print(f"{name} …", flush=True)
        bench = BENCHES[name]
        words = list(bench.quick if asked.quick else bench.words)
        if name == NEEDS_SERVER and not asked.api_base:
            before = results.stored(record).get(name)
            if before and before.claims:
                continue  # measured with a server another day: that stands
            entry = absent("it needs a model server (--api-base URL)", name)
        else:
            where = ["--api-base", asked.api_base] if name == NEEDS_SERVER else []
            entry = run(name, words, where)
        now = results.merged(results.stored(record), {name: entry}, [*BENCHES])
        results.write(now, record, page)
    print(f"written: {page}")


if __name__ == "__main__":
    main()
