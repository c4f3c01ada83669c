"""The loop of attempts in small: ask, apply, run pytest, tell what was tried."""

import difflib
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from stillwater.models.builtin.mutate import answer
from stillwater.prompt import ShownFile, Tried, build

BLOCK = re.compile(
    r"FILE: (?P<path>\S+)\nLINES: (?P<first>\d+)-(?P<last>\d+)\n"
    r"REASONING: (?P<why>[^\n]+)\n```python\n(?P<code>.*)\n```\n",
    re.DOTALL,
)


@dataclass(frozen=True)
class Bug:
    """A small package with one bug, its issue and the test that shows it."""

    name: str
    issue: str
    files: dict[str, str]
    test: str
    show_test: bool = False
    show_failures: bool = True


@dataclass
class Repair:
    """What happened: the patches in order, and the attempt that repaired, if any."""

    patches: list[str] = field(default_factory=list)
    repaired: int | None = None


def repair(bug: Bug, folder: Path, attempts: int = 6) -> Repair:
    """Up to so many attempts at a bug."""
    story = Repair()
    failing = _run(bug.files, bug.test, folder / "base")
    assert failing, f"{bug.name}: the test passes already"
    shown = [ShownFile(path, text) for path, text in bug.files.items()]
    if bug.show_test:
        shown.append(ShownFile("tests/test_bug.py", bug.test))
    tried: list[Tried] = []
    for number in range(1, attempts + 1):
        messages = build(bug.issue, shown, failing if bug.show_failures else "", tried)
        files, patch = applied(bug.files, answer(messages))
        story.patches.append(patch)
        result = _run(files, bug.test, folder / str(number))
        if not result:
            story.repaired = number
            break
        told = result if bug.show_failures else "The bug is still there."
        tried.append(Tried(number, "tests fail", patch, told))
    return story


def applied(files: dict[str, str], text: str) -> tuple[dict[str, str], str]:
    """The files with an answer applied, and the patch that this is."""
    found = BLOCK.fullmatch(text)
    assert found is not None, text
    old = files[found["path"]].splitlines(keepends=True)
    code = (found["code"] + "\n").splitlines(keepends=True)
    new = old[: int(found["first"]) - 1] + code + old[int(found["last"]) :]
    patch = difflib.unified_diff(old, new, f"a/{found['path']}", f"b/{found['path']}")
    return {**files, found["path"]: "".join(new)}, "".join(patch)


def _run(files: dict[str, str], test: str, folder: Path) -> str:
    """The failures as pytest prints them; "" when the test passes."""
    for path, text in {**files, "tests/test_bug.py": test}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    command += ["--rootdir=.", "-c", os.devnull, "--tb=short", "-x"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(folder)}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except subprocess.TimeoutExpired:
        return "E   Timeout: the tests ran longer than 10 s"
    return "" if done.returncode == 0 else done.stdout[done.stdout.find("= FAILURES =") :]
