"""How often the files and definitions that a gold patch changes are among those chosen.

    python bench/localise.py ROWS.jsonl --repositories FOLDER [--tests] [--limit N] [--fit]

ROWS are in SWE-bench's format; FOLDER holds a git directory for each of their repositories, in a
folder whose name ends in the repository's (`django`, `someone+django/repo`). Files are ranked by
the issue's words alone; with --tests also by the names of the failing tests (nothing is run).
Prints

- the share of instances whose gold file (of several: the best placed) is within the first k,
- the share of gold files, and of gold definitions, that are shown whole in 6k and 24k tokens,
- the seconds that a first commit takes, and each after it.

--fit fits the weights anew (softmax over the files of each instance, L2), and prints them with the
recall that they reach on repositories that they were not fitted on. It needs numpy.
"""

import argparse
import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stillwater.context import Choice, Query, choose
from stillwater.context.choose import candidates
from stillwater.context.facts import passages
from stillwater.context.rank import WEIGHTS, rank
from stillwater.edits import Texts
from stillwater.repository import Repositories, touched

AT = (1, 3, 5, 10)
BUDGETS = (6000, 24000)
KEPT = 150
FITTED = tuple(name for name in WEIGHTS if not name.startswith("tests'"))
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+")


@dataclass(frozen=True)
class Found:
    """What came out for one instance."""

    instance_id: str
    repo: str
    gold: tuple[str, ...]
    ranked: tuple[str, ...]
    signals: Mapping[str, Mapping[str, float]]
    files: Mapping[int, float]
    definitions: Mapping[int, float]
    seconds: float


def folder_of(repo: str, repositories: Path) -> Path:
    """The git directory of the repository."""
    name = repo.rpartition("/")[2]
    for folder in sorted(repositories.iterdir()):
        if re.split(r"[+/]|__", folder.name)[-1].removesuffix(".git") == name:
            return next((f for f in (folder / "repo", folder / ".git") if f.exists()), folder)
    raise SystemExit(f"{repositories} holds no repository {name}")


def changed(patch: str) -> Iterator[tuple[str, int]]:
    """The lines of the base that the patch removes, or beside which it adds."""
    path, at = "", 0
    for line in patch.splitlines():
        if line.startswith("--- "):
            path = line[6:].split("\t")[0]
        elif hunk := HUNK.match(line):
            at = int(hunk[1])
        elif line.startswith("-"):
            yield path, at
            at += 1
        elif line.startswith("+") and not line.startswith("+++"):
            yield path, max(1, at - 1)
        elif line.startswith(" "):
            at += 1


def gold_definitions(patch: str, texts: Mapping[str, str]) -> set[tuple[str, int, int]]:
    """The innermost definitions that the patch changes: path, first and last line."""
    found = set()
    for path, line in changed(patch):
        if path in texts:
            around = [one for one in passages(texts[path]) if one.first <= line <= one.last]
            near = min(around, key=lambda one: one.last - one.first, default=None)
            found.add((path, near.first, near.last) if near else (path, line, line))
    return found


def is_shown(choice: Choice, path: str, first: int, last: int) -> bool:
    """Whether the model sees all of these lines."""
    for one in choice.files:
        if one.path == path:
            return one.lines is None or any(a <= first and last <= b for a, b in one.lines)
    return False


def localise(rows: Sequence[dict[str, str]], repositories: Path, tests: bool) -> list[Found]:
    """What comes out for rows of one repository, in the order of the commits."""
    git = Repositories(Path("unused"), "")
    texts_of: dict[str, str] = {}
    found = []
    for row in sorted(rows, key=lambda row: row["instance_id"]):
        folder = folder_of(row["repo"], repositories)
        blobs = git.paths(folder, row["base_commit"])
        python = {path: blob for path, blob in blobs.items() if path.endswith(".py")}
        new = {blob: blob for blob in python.values() if blob not in texts_of}
        texts_of |= git.texts(folder, new)
        texts = {path: texts_of[blob] for path, blob in python.items() if blob in texts_of}
        begun = time.perf_counter()
        failing = str(row["FAIL_TO_PASS"]) if tests else ""
        query = Query(row["problem_statement"], failing)
        source = Texts(texts)
        ranked, look = rank(query, candidates(source))
        seconds = time.perf_counter() - begun
        gold = tuple(path for path in touched(row["patch"]) if path in look.found)
        if not gold:
            continue
        wanted = gold_definitions(row["patch"], look.files.texts)
        whole, parts = {}, {}
        for budget in BUDGETS:
            choice = choose(query, source, budget, max_files=20)
            complete = {one.path for one in choice.files if one.lines is None}
            whole[budget] = statistics.mean(path in complete for path in gold)
            parts[budget] = statistics.mean(is_shown(choice, *one) for one in wanted)
        kept = {one.path for one in ranked[:KEPT]} | set(gold)
        found.append(
            Found(
                row["instance_id"], row["repo"], gold, tuple(one.path for one in ranked),
                {path: {n: why.value for n, why in look.found[path].items()} for path in kept},
                whole, parts, seconds,
            )
        )  # fmt: skip
    return found


def recall(ranked: Sequence[Sequence[str]], found: Sequence[Found]) -> dict[str, float]:
    """The share of instances, in percent, whose gold file is within the first k."""
    return {
        f"@{k}": round(
            100 * statistics.mean(not set(one.gold).isdisjoint(order[:k]) for one, order in both), 1
        )
        for k in AT
        for both in [list(zip(found, ranked, strict=True))]
    }


def report(found: Sequence[Found]) -> dict[str, object]:
    """The figures that are printed."""
    told: dict[str, object] = {"instances": len(found)}
    told |= recall([one.ranked for one in found], found)
    single = [one for one in found if len(one.gold) == 1]
    told["of_one_file"] = {
        "instances": len(single),
        **recall([one.ranked for one in single], single),
    }
    for budget in BUDGETS:
        told[f"whole_files_in_{budget}"] = percent(one.files[budget] for one in found)
        told[f"definitions_in_{budget}"] = percent(one.definitions[budget] for one in found)
    by_repo = defaultdict[str, list[float]](list)
    for one in found:
        by_repo[one.repo].append(one.seconds)
    told["seconds"] = {
        repo: {
            "first": round(seconds[0], 2),
            **({"later": round(statistics.median(seconds[1:]), 2)} if seconds[1:] else {}),
        }
        for repo, seconds in sorted(by_repo.items())
    }
    return told


def percent(shares: Iterator[float]) -> float:
    """The mean share."""
    return round(100 * statistics.mean(shares), 1)


def fit(found: Sequence[Found]) -> dict[str, object]:
    """The weights fitted on all, and what weights fitted on other repositories reach on each."""
    import numpy as np

    paths = [sorted(one.signals) for one in found]
    matrices = [
        np.array([[one.signals[path].get(name, 0.0) for name in FITTED] for path in order])
        for one, order in zip(found, paths, strict=True)
    ]
    truths = [
        np.array([path in one.gold for path in order], float)
        for one, order in zip(found, paths, strict=True)
    ]

    def weights(of: Sequence[int]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        w, first, second = np.zeros(len(FITTED)), np.zeros(len(FITTED)), np.zeros(len(FITTED))
        for step in range(1, 601):
            slope = 0.5 * w
            for n in of:
                scores = matrices[n] @ w
                shares = np.exp(scores - scores.max())
                wanted = truths[n] / truths[n].sum()
                slope -= matrices[n].T @ (wanted - shares / shares.sum())
            # Adam: Kingma and Ba, 2015.
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            w -= 0.03 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        return w

    orders: list[list[str]] = [[] for _ in found]
    for repo in sorted({one.repo for one in found}):
        w = weights([n for n, one in enumerate(found) if one.repo != repo])
        for n, one in enumerate(found):
            if one.repo == repo:
                scores = matrices[n] @ w
                orders[n] = [paths[n][i] for i in np.argsort(-scores, kind="stable")]
    final = weights(range(len(found)))
    return {
        "weights": {name: round(float(w), 2) for name, w in zip(FITTED, final, strict=True)},
        "on_repositories_not_fitted_on": recall(orders, found),
    }


def main() -> None:
    """Localise every row, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--repositories", type=Path, required=True)
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--fit", action="store_true")
    asked = parser.parse_args()
    by_repo = defaultdict[str, list[dict[str, str]]](list)
    for line in asked.rows.read_text().splitlines()[: asked.limit]:
        row = json.loads(line)
        by_repo[row["repo"]].append(row)
    groups = sorted(by_repo.values(), key=len, reverse=True)
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(localise, rows, asked.repositories, asked.tests) for rows in groups]
        found = [one for job in jobs for one in job.result()]
    print(json.dumps(report(found) | (fit(found) if asked.fit else {}), indent=1))


if __name__ == "__main__":
    main()
