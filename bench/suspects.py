"""How often the suspects hold the bug: among the first 1, 3, 5 and 10, of the runs in a database.

    python bench/suspects.py stillwater.db [--run RUN]

For each machine that has been read with suspects, the functions that its gold patch changes are
looked for among them. Nothing is run. An instance counts at k if one of its first k suspects has a
line that the gold patch takes away, or gets a line within.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from stillwater.datasets import instance_of
from stillwater.machine import Event
from stillwater.store import Store

AT = (1, 3, 5, 10)
HUNK = re.compile(r"@@ -(\d+)")


def changed(patch: str) -> Iterator[tuple[str, int]]:
    """Each file and line of the base that a patch takes away, or behind which it puts others."""
    path, line = "", 0
    for text in patch.splitlines():
        if text.startswith("--- "):
            path = text[4:].removeprefix("a/")
        elif hunk := HUNK.match(text):
            line = int(hunk[1])
        elif text.startswith("-"):
            yield path, line
            line += 1
        elif text.startswith("+") and not text.startswith("+++ "):
            yield path, line - 1
        elif text.startswith(" "):
            line += 1


def places(db: Path, run_id: str | None) -> Iterator[tuple[str, int | None, int]]:
    """Each instance, the place of its first right suspect, and how many suspects there are."""
    with Store.open(db, read_only=True) as store:
        for run in store.runs():
            for machine in store.machines(run.id) if run_id in {None, run.id} else ():
                read = next((p for p in store.history(machine.id) if p.event is Event.READ), None)
                found = read.evidence.get("suspects") if read else None
                if not isinstance(found, list):
                    continue
                content = store.instance(run.dataset_sha256, machine.instance_id)
                gold = set(changed(instance_of(content).patch))
                right = [
                    any(one["path"] == path and one["first"] <= line <= one["last"]
                        for path, line in gold)
                    for one in found
                ]  # fmt: skip
                yield (
                    machine.instance_id,
                    right.index(True) + 1 if True in right else None,
                    len(found),
                )


def main() -> None:
    """Print each instance's place, and the shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("db", type=Path)
    parser.add_argument("--run")
    args = parser.parse_args()
    found = list(places(args.db, args.run))
    for instance, place, count in found:
        print(f"{instance:40} {place or '–':>3} of {count}")
    for k in AT:
        hits = sum(place is not None and place <= k for _, place, _ in found)
        print(f"among the first {k:2}: {hits} of {len(found)}")


if __name__ == "__main__":
    main()
