"""The smallest instance there is: a repository whose one function returns the wrong number."""

import subprocess
from pathlib import Path

from stillwater.canonical import Json
from stillwater.grading.parsers import EXIT_TEST

SOURCE = "def value():\n    return 0\n"
GIT = ("git", "-c", "user.name=b", "-c", "user.email=b@localhost", "-c", "commit.gpgsign=false")


def make(repository: Path) -> str:
    """Make the repository; its commit."""
    repository.mkdir(parents=True)
    (repository / "a.py").write_text(SOURCE)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "base"]):
        subprocess.run([*GIT, *words], cwd=repository, check=True)
    head = ["git", "rev-parse", "HEAD"]
    return subprocess.check_output(head, cwd=repository, text=True).strip()


def row(
    repository: Path, commit: str, name: str, problem: str, test_command: str
) -> dict[str, Json]:
    """An instance of the repository at that commit; its tests are whether a command succeeds."""
    return {
        "instance_id": name, "repo": "bench/trivial", "base_commit": commit,
        "repo_url": str(repository), "problem_statement": problem,
        "FAIL_TO_PASS": [EXIT_TEST], "PASS_TO_PASS": [], "patch": "", "test_patch": "",
        "version": "1", "log_parser": "exit", "test_command": test_command,
    }  # fmt: skip
