"""How many real patches the forgiving hand gives back when they are written as edits and damaged.

    python bench/gold.py ROWS.jsonl --repositories FOLDER [--limit N] [--show DAMAGE]

Each row's gold patch is written as a model would (whole definitions, and LINES outside of them),
damaged in each of the ways of tests/edits/gold.py, read and applied. Prints for each how many
answers gave exactly the gold files, how many another text that is the same tree, how many something
else, and how many were refused. FOLDER holds a clone of each repository as `owner+name/repo`.
"""

import argparse
import ast
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from stillwater.edits import EditError, Texts, apply, is_protected, read
from stillwater.repository import Repositories, touched
from tests.edits.gold import answers


def files_of(row: Mapping[str, str], place: Path) -> dict[str, str]:
    """The Python files that the gold patch changes, at the base commit."""
    found = {}
    for path in touched(row["patch"]):
        shown = subprocess.run(
            ["git", "-C", place, "show", f"{row['base_commit']}:{path}"],
            capture_output=True, check=False,
        )  # fmt: skip
        if shown.returncode == 0 and path.endswith(".py") and not is_protected(path):
            found[path] = shown.stdout.decode("utf-8", "replace")
    return found


def verdict(answer: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What becomes of one answer."""
    known = {line.strip() for text in old.values() for line in text.splitlines()}
    reading = read(answer, known=known)
    if reading.problem:
        return f"refused: {reading.problem}"
    try:
        files = apply(reading.edits, Texts(old), shown=tuple(old)).files
    except EditError as error:
        return f"refused: {error}"
    if all(files.get(path) == text for path, text in new.items()):
        return "same"
    trees = [(files.get(path, ""), text) for path, text in new.items()]
    try:
        alike = all(ast.dump(ast.parse(one)) == ast.dump(ast.parse(two)) for one, two in trees)
    except SyntaxError:
        alike = False
    return "same tree" if alike else "other"


def main() -> None:
    """Every row, every damage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--repositories", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--show", help="print what went wrong with this damage")
    asked = parser.parse_args()
    places = {one.name.split("+")[-1]: one / "repo" for one in asked.repositories.iterdir()}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    rows = [json.loads(line) for line in asked.rows.read_text().splitlines()][: asked.limit]
    with TemporaryDirectory() as home:
        for row in rows:
            old = files_of(row, places[row["repo"].split("/")[1]])
            if not old:
                continue
            try:
                every = Repositories(Path(home), "").patched(old, row["patch"])
            except Exception as error:  # a patch that also touches what isn't Python
                print(f"{row['instance_id']}: {error}", file=sys.stderr)
                continue
            new = {path: text for path, text in every.items() if text != old[path]}
            for name, answer in answers(old, new):
                became = verdict(answer, old, new)
                counts[name][became.partition(":")[0]] += 1
                if asked.show == name and became != "same":
                    print(f"{row['instance_id']}: {became}", file=sys.stderr)
    for name, counted in counts.items():
        print(json.dumps({"damage": name, **counted}))


if __name__ == "__main__":
    main()
