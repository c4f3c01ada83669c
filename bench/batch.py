"""How long a batch takes beside its instances one after the other.

    python bench/batch.py [--seconds 1] [--machines 12] [--attempts 2] [--slots 4] [--json]

The work of bench/slots.py, with a model that serves several requests at once: the whole of
Stillwater, answers and tests that take as long and hardly any processor, every attempt failing;
the same machines in one batch, and each alone after the one before, in the same process.
"""

import argparse
import json

from bench import claims
from bench.slots import Work, played, warm_up


def main() -> None:
    """Play both ways, print both times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of an answer, and of tests")
    parser.add_argument("--machines", type=int, default=12)
    parser.add_argument("--attempts", type=int, default=2)
    parser.add_argument("--slots", type=int, default=4, help="requests that the model serves")
    claims.option(parser)
    asked = parser.parse_args()
    warm_up()
    work = Work(asked.seconds, asked.machines, asked.attempts, asked.slots)
    together, alone = played(work, together=True), played(work, together=False)
    ratio = round(together.wall / alone.wall, 3)
    told = {"machines": work.machines, "attempts": work.attempts, "model_slots": work.model_slots}
    seconds = {"batch_seconds": round(together.wall, 1), "alone_seconds": round(alone.wall, 1)}
    print(json.dumps({**told, **seconds, "ratio": ratio}, indent=1))
    if asked.json:
        what = f"wall time of {work.machines} instances in a batch, {work.model_slots} model slots"
        found = (f"{together.wall:.1f} s", "the same one after the other", f"{alone.wall:.1f} s")
        claims.tell([claims.Claim(what, *found, ratio)])


if __name__ == "__main__":
    main()
