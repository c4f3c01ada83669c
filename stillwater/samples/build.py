"""Make ``instances.jsonl`` from the packages and bugs by running their tests, and check each bug.

``python -m stillwater.samples.build`` writes the file anew; with ``--check`` it only says whether
the file is as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stillwater import samples
from stillwater.samples import BUGS, INSTANCES, SampleError

PYTEST = ("-m", "pytest", "-rA", "-p", "no:cacheprovider")
TEST_COMMAND = " ".join(("PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python", *PYTEST))
"""Without the plugins that happen to be installed beside pytest: they change what it does, and take
longer to load than the tests take."""
PASSED = "PASSED"
_STATUSES = (PASSED, "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS")
# Settings under which a test that leans on the order of sets, or on where it runs, would differ.
_WORLDS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "20240229", "TZ": "Pacific/Auckland", "LC_ALL": "C"},
)

Row = dict[str, str]
Outcome = dict[str, str]


def run_suite(tree: Path, world: Mapping[str, str] = _WORLDS[0]) -> Outcome:
    """Run the whole suite of a package; the status of each test by its id."""
    kept = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **world}
    command = [sys.executable, *PYTEST]
    done = subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=120
    )
    statuses: Outcome = {}
    for line in done.stdout.splitlines():
        status, _, rest = line.partition(" ")
        if status in _STATUSES and rest:
            statuses[rest.split(" - ", 1)[0].strip()] = status
    if not statuses:
        raise SampleError(f"no test ran in {tree}:\n{done.stdout}{done.stderr}")
    strange = [name for name in statuses if " " in name]
    if strange:
        raise SampleError(f"log parsers cut a test's id at its first blank: {strange}")
    return statuses


def apply(patch: str, tree: Path) -> None:
    """Apply a unified diff to a directory."""
    samples.git(["apply", "-"], tree, patch.encode())


def before_and_after(row: Mapping[str, str], world: Mapping[str, str]) -> tuple[Outcome, Outcome]:
    """Run an instance's suite with its test patch, without and with the gold patch."""
    package = row["repo"].removeprefix("samples/")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch).resolve() / "tree"
        samples.write_tree(samples.base_tree(package, row["instance_id"]), tree)
        apply(row["test_patch"], tree)
        before = run_suite(tree, world)
        apply(row["patch"], tree)
        return before, run_suite(tree, world)


def classify(before: Outcome, after: Outcome) -> tuple[list[str], list[str]]:
    """FAIL_TO_PASS and PASS_TO_PASS, sorted."""
    passing = sorted(name for name, status in after.items() if status == PASSED)
    kept = [name for name in passing if before.get(name) == PASSED]
    return [name for name in passing if name not in kept], kept


def build_row(package: str, instance_id: str, commit: str) -> Row:
    """One instance, made by running it; SampleError when the bug is not what it claims to be."""
    bug = BUGS / instance_id
    row = {
        "instance_id": instance_id,
        "repo": f"samples/{package}",
        "repo_url": f"bundled:{package}",
        "base_commit": commit,
        "version": "1.0",
        "problem_statement": (bug / "issue.md").read_text(encoding="utf-8"),
        "hints_text": "",
        "patch": (bug / "fix.patch").read_text(encoding="utf-8"),
        "test_patch": (bug / "test.patch").read_text(encoding="utf-8"),
    }
    _check_base(package, instance_id)
    outcomes = [before_and_after(row, world) for world in _WORLDS]
    if outcomes[0] != outcomes[1]:
        raise SampleError(f"{instance_id}: another hash seed or time zone gives another result")
    before, after = outcomes[0]
    broken = sorted(name for name, status in after.items() if status != PASSED)
    if broken:
        raise SampleError(f"{instance_id}: not passing with the gold patch: {broken}")
    failing, kept = classify(before, after)
    if not failing:
        raise SampleError(f"{instance_id}: no test notices the bug")
    return row | {
        "FAIL_TO_PASS": json.dumps(failing),
        "PASS_TO_PASS": json.dumps(kept),
        "test_command": TEST_COMMAND,
        "log_parser": "pytest",
    }


def _check_base(package: str, instance_id: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        samples.write_tree(samples.base_tree(package, instance_id), Path(scratch))
        base = run_suite(Path(scratch))
    noticed = sorted(name for name, status in base.items() if status != PASSED)
    if noticed:
        raise SampleError(f"{instance_id}: the base commit's own suite notices: {noticed}")


def build() -> str:
    """The whole of ``instances.jsonl``."""
    lines = []
    for package in samples.packages():
        with tempfile.TemporaryDirectory() as scratch:
            repository = Path(scratch).resolve() / "repository"
            samples.create(package, repository)
            commits = samples.branches(repository)
        for instance_id in samples.bug_ids(package):
            row = build_row(package, instance_id, commits[instance_id])
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
            failing = len(json.loads(row["FAIL_TO_PASS"]))
            sys.stderr.write(f"{instance_id}: {failing} to fix\n")
    return "".join(lines)


def main() -> int:
    """Write the file, or with ``--check`` compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it differs")
    arguments = parser.parse_args()
    try:
        text = build()
    except SampleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if arguments.check:
        same = INSTANCES.is_file() and INSTANCES.read_text(encoding="utf-8") == text
        sys.stderr.write("up to date\n" if same else f"{INSTANCES.name} differs: build it anew\n")
        return 0 if same else 1
    scratch = INSTANCES.with_suffix(".tmp")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(INSTANCES)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
