"""How often the files and definitions that a gold patch changes are among those chosen.

    python bench/localise.py ROWS.jsonl --repositories FOLDER [--tests] [--limit N] [--fit]

ROWS are in SWE-bench's format; FOLDER holds a git directory for each of their repositories, in a
folder whose name ends in the repository's (`django`, `someone+django/repo`). Files are ranked by
the issue's words alone; with --tests also by the names of the failing tests (nothing is run).
Prints

- the share of instances whose gold file (of several: the best placed) is within the first k,
- the share of gold files, and of gold definitions (shown.py says which), that are shown whole in
  6k, 12k and 24k tokens, with as many files as the configuration's default allows,
- the seconds that a first commit takes, and each after it.

--fit fits the weights of files and passages anew, and prints them with what they reach on
repositories that they were not fitted on (fitting.py). It needs numpy.
"""

import argparse
import json
import re
import statistics
import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.fitting import Offered, elsewhere, fit
from bench.shown import Gold, gold_definitions, share_shown
from stillwater.config import Config
from stillwater.context import Query
from stillwater.context.choose import candidates, pack
from stillwater.context.excerpt import FRAME, Measured
from stillwater.context.rank import WEIGHTS, Ranked, rank
from stillwater.context.signals import Look
from stillwater.context.worth import WEIGHTS as PASSAGE_WEIGHTS
from stillwater.context.worth import weigh
from stillwater.edits import Texts
from stillwater.repository import Repositories, touched

AT = (1, 3, 5, 10)
BUDGETS = (6000, 12000, 24000)
KEPT = 150
MAX_FILES: int = Config.model_fields["max_files"].default
FITTED = tuple(name for name in WEIGHTS if not name.startswith("tests'"))


@dataclass(frozen=True)
class Found:
    """What came out for one instance."""

    instance_id: str
    repo: str
    gold: tuple[str, ...]
    ranked: tuple[str, ...]
    offered: Offered
    passages: Offered
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
        ranked, look = rank(query, candidates(Texts(texts)))
        seconds = time.perf_counter() - begun
        gold = tuple(path for path in touched(row["patch"]) if path in look.found)
        if not gold:
            continue
        wanted = gold_definitions(row["patch"], look.files.texts)
        whole, parts = {}, {}
        for budget in BUDGETS:
            choice = pack(ranked, look, budget, MAX_FILES)
            complete = {one.path for one in choice.files if one.lines is None}
            whole[budget] = statistics.mean(path in complete for path in gold)
            parts[budget] = share_shown(choice, wanted)
        found.append(
            Found(
                row["instance_id"], row["repo"], gold, tuple(one.path for one in ranked),
                _files(row["repo"], look, ranked, gold),
                _passages(row["repo"], look, ranked, wanted),
                whole, parts, seconds,
            )
        )  # fmt: skip
    return found


def _files(repo: str, look: Look, ranked: list[Ranked], gold: tuple[str, ...]) -> Offered:
    kept = sorted({one.path for one in ranked[:KEPT]} | set(gold))
    rows = array("d")
    for path in kept:
        found = look.found[path]
        rows.extend(found[name].value if name in found else 0.0 for name in FITTED)
    return Offered(repo, len(FITTED), rows, [kept.index(path) for path in gold])


def _passages(repo: str, look: Look, ranked: list[Ranked], wanted: set[Gold]) -> Offered:
    likely = ranked[:MAX_FILES]
    sizes = {one.path: Measured(one.path, look.files.texts[one.path]) for one in likely}
    rows, costs, right = array("d"), array("d"), list[int]()
    for n, one in enumerate(weigh(look, likely)):
        rows.extend(one.signals[name] for name in PASSAGE_WEIGHTS)
        first, last = one.passage.first, one.passage.last
        costs.append(sizes[one.path].of(first, last) + FRAME)
        if Gold(one.path, first, last) in wanted:
            right.append(n)
    return Offered(repo, len(PASSAGE_WEIGHTS), rows, right, costs)


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


def refit(found: Sequence[Found]) -> dict[str, object]:
    """The weights fitted on all, and what weights fitted on other repositories reach on each."""
    files, offered = [one.offered for one in found], [one.passages for one in found]
    orders = []
    for one, scores in zip(found, elsewhere(files), strict=True):
        best_gold = max(scores[n] for n in one.offered.right)
        # For the recall only the place of the best gold file matters.
        place = int((scores > best_gold).sum())
        orders.append(["another"] * place + [one.gold[0]])
    offered = [one for one in offered if one.right]
    both = list(zip(offered, elsewhere(offered), strict=True))
    now = list(PASSAGE_WEIGHTS.values())
    return {
        "weights": dict(zip(FITTED, fit(files).round(2).tolist(), strict=True)),
        "on_repositories_not_fitted_on": recall(orders, found),
        "passage_weights": dict(zip(PASSAGE_WEIGHTS, fit(offered).round(2).tolist(), strict=True)),
        "gold_passages_of_the_files_chosen_within": {
            budget: {
                "as_they_are": percent(one.within(one.matrix() @ now, budget) for one in offered),
                "on_repositories_not_fitted_on": percent(
                    one.within(scores, budget) for one, scores in both
                ),
            }
            for budget in BUDGETS
        },
    }


def percent(shares: Iterator[float]) -> float:
    """The mean share."""
    return round(100 * statistics.mean(shares), 1)


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
    print(json.dumps(report(found) | (refit(found) if asked.fit else {}), indent=1))


if __name__ == "__main__":
    main()
