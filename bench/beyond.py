"""What bench/sandbox.py came to: the medians of each path, and their ratios."""

import os
import statistics
from collections.abc import Mapping

from bench import claims

TARGET = 1 / 4
BARE = ("bare_in_image", "bare_here")
Seconds = dict[str, list[float]]


def beyond(took: Seconds) -> dict[str, float]:
    """The medians, in seconds beyond the bare command."""
    medians = {path: statistics.median(times) for path, times in took.items() if times}
    bare = {path: medians.pop(path) for path in BARE}
    return {
        path: seconds - bare["bare_here" if path == "local" else "bare_in_image"]
        for path, seconds in medians.items()
    }


def claimed(seconds: Mapping[str, float]) -> list[claims.Claim]:
    """The claims: each of our paths beside the official harness's own."""
    paths = {
        "docker": "docker, a container waits", "docker_back_to_back": "docker, back to back",
        "docker_cold": "docker, cold", "docker_tree": "docker, the tree as an archive",
        "local": "the local sandbox",
    }  # fmt: skip
    harness = {
        "official_as_it_is": "the official harness as it is",
        "official": "the official harness without its wait for `docker stop`",
    }
    return [
        claims.at_most(
            TARGET, f"a test run beyond the bare command: {what}", 1000 * seconds[path],
            whose, 1000 * seconds[theirs], "ms",
        )
        for theirs, whose in harness.items() if theirs in seconds
        for path, what in paths.items()
    ]  # fmt: skip


def report(took: Seconds) -> dict[str, object]:
    """The medians, in seconds beyond the bare command, and their ratios."""
    bare = {path: statistics.median(took[path]) for path in BARE}
    more = beyond(took)
    ours = [path for path in more if not path.startswith("official")]
    found: dict[str, object] = {
        "runs": len(took["docker"]),
        "bare_seconds": {path: round(seconds, 4) for path, seconds in bare.items()},
        "seconds_beyond_bare": {path: round(seconds, 4) for path, seconds in more.items()},
    }
    for against in [path for path in more if path.startswith("official")]:
        found[f"ratio_to_{against}"] = {p: round(more[p] / more[against], 3) for p in ours}
    return {**found, "target": TARGET, "load": round(os.getloadavg()[0], 2)}
