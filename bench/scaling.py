"""What a larger batch needs, by the record of a smaller one: the arithmetic of docs/scaling.md.

    python bench/scaling.py stillwater.db [--run RUN] [--arm ARM] [--instances 300 10000 1000000]
                            [--minutes 90] [--commits 1100] [--steps 200]

Reads what the machines of a run took that have ended (of `--arm` alone, where one is named): model
calls and their tokens, seconds of a model slot and of a sandbox slot, transitions, bytes of the
database. Prints for each number of instances how long one of each resource would be busy, which
therefore saturates first, and how many of them it takes to be done in `--minutes`. `--commits` is
the transitions a second that one scheduler commits (bench/overhead.py), `--steps` those that Ray
carries out on this machine (bench/steps.py).
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from stillwater.store import Store
from stillwater.store.portable import Portable

HOUR = 3600.0
TOOK = Portable("""
SELECT count(DISTINCT m.id) AS ended, count(*) AS transitions,
  count(number(t.evidence, usage.prompt_tokens)) AS calls,
  coalesce(sum(number(t.evidence, usage.prompt_tokens)), 0) AS prompt_tokens,
  coalesce(sum(number(t.evidence, usage.prompt_tokens)), 0)
    - coalesce(sum(number(t.evidence, usage.cached_tokens)), 0) AS uncached_tokens,
  coalesce(sum(number(t.evidence, usage.completion_tokens)), 0) AS answer_tokens,
  coalesce(sum(seconds(t.started_at, t.finished_at)) FILTER (WHERE t.source = 'GENERATE'), 0)
    AS model_seconds,
  coalesce(sum(seconds(t.started_at, t.finished_at))
    FILTER (WHERE t.source IN ('READ', 'TEST')), 0) AS sandbox_seconds
FROM machines AS m JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id AND m.state IN ('VERIFIED', 'FAILED')
  AND m.arm = coalesce(:arm, m.arm)
""")
HEAD = (
    "| instances | model calls | answer tokens | model hours | sandbox hours | commit hours "
    "| Ray hours |"
)
NEEDS = (
    "| instances | in | model slots | sandbox slots | answer tokens/s | transitions/s | database |"
)


@dataclass(frozen=True)
class Machine:
    """What one machine took on average; seconds are those of a slot."""

    calls: float
    prompt_tokens: float
    uncached_tokens: float
    answer_tokens: float
    model_seconds: float
    sandbox_seconds: float
    transitions: float
    size: float


def average(path: Path, run: str | None, arm: str | None) -> tuple[Machine, int]:
    """The average of the machines of the run that have ended, and how many they are."""
    with Store.open(path, read_only=True) as store:
        found = store.run(run) if run else store.runs()[0]
        begun = sum(row.seq > 0 for row in store.machines(found.id))
        with store.reading() as connection:
            asked = {"run_id": found.id, "arm": arm}
            total = dict(connection.execute(TOOK.on(connection), asked).one()._mapping)
    ended = total.pop("ended")
    if not ended:
        raise SystemExit(f"no machine of run {found.id} has ended")
    averages = {name: float(value) / ended for name, value in total.items()}
    # Artifacts are shared by machines, so each that has begun has its part of the whole file.
    return Machine(**averages, size=path.stat().st_size / begun), ended


def busy(one: Machine, count: int, commits: float, steps: float) -> str:
    """A row: for how many hours one of each resource is busy."""
    return (
        f"| {count:,} | {count * one.calls:,.0f} | {count * one.answer_tokens:,.0f} "
        f"| {count * one.model_seconds / HOUR:,.1f} | {count * one.sandbox_seconds / HOUR:,.1f} "
        f"| {count * one.transitions / commits / HOUR:,.3f} "
        f"| {count * one.transitions / steps / HOUR:,.3f} |"
    )


def needs(one: Machine, count: int, minutes: float) -> str:
    """A row: what it takes to be done in time."""
    seconds = 60 * minutes
    return (
        f"| {count:,} | {_span(minutes)} | {ceil(count * one.model_seconds / seconds):,} "
        f"| {ceil(count * one.sandbox_seconds / seconds):,} "
        f"| {count * one.answer_tokens / seconds:,.0f} | {count * one.transitions / seconds:,.1f} "
        f"| {_bytes(count * one.size)} |"
    )


def _span(minutes: float) -> str:
    return f"{minutes:g} minutes" if minutes < 2880 else f"{minutes / 1440:g} days"


def _bytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


def _table(head: str, rows: Sequence[str]) -> None:
    print(f"\n{head}\n|{' ---: |' * (head.count('|') - 1)}")
    print("\n".join(rows))


def main() -> None:
    """Parse the command line, read, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("db", type=Path)
    parser.add_argument("--run")
    parser.add_argument("--arm")
    parser.add_argument("--instances", type=int, nargs="+", default=[300, 10_000, 1_000_000])
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--commits", type=float, default=1100)
    parser.add_argument("--steps", type=float, default=200)
    asked = parser.parse_args()
    one, ended = average(asked.db, asked.run, asked.arm)
    print(f"A machine, on average of {ended} that have ended:")
    print(f"  {one.calls:.2f} model calls, {one.model_seconds:.1f} s of a model slot")
    print(
        f"  {one.prompt_tokens:,.0f} prompt tokens, {one.uncached_tokens:,.0f} not from a cache, "
        f"{one.answer_tokens:,.0f} answer tokens"
    )
    print(f"  {one.sandbox_seconds:.1f} s of a sandbox slot, {one.transitions:.1f} transitions")
    print(f"  {one.size / 1000:.0f} kB of the database")
    _table(HEAD, [busy(one, count, asked.commits, asked.steps) for count in asked.instances])
    _table(NEEDS, [needs(one, count, asked.minutes) for count in asked.instances])
    slots = asked.commits * one.model_seconds / one.transitions
    ray = asked.steps * one.model_seconds / one.transitions
    print(f"\nOne scheduler keeps up with {slots:,.0f} such model slots, Ray with {ray:,.0f}.")


if __name__ == "__main__":
    main()
