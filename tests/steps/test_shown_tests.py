"""What a prompt shows of the failing tests' source."""

import subprocess
from collections.abc import Mapping

import pytest

from tests.steps.test_repairs import RIGHT, World, world

__all__ = ["world"]

UNITTEST = '''\
import unittest

from code_ import double


class DoubleTests(unittest.TestCase):
    def test_four(self):
        """Four is doubled."""
        self.assertEqual(double(4), 8)

    def test_one(self):
        """One is doubled."""
        self.assertEqual(double(1), 2)
'''


def bring(world: World, before: Mapping[str, str], after: Mapping[str, str | None]) -> None:
    """Have the base commit hold some files more, and test_patch bring others, or remove them."""
    source = world.folder / "source"

    def git(*words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", *identity, *words], cwd=source, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def put(files: Mapping[str, str | None]) -> None:
        for path, text in files.items():
            (source / path).parent.mkdir(exist_ok=True)
            (source / path).write_text(text) if text is not None else (source / path).unlink()
        git("add", "-A")

    git("reset", "-q", "--hard")
    put(before)
    git("commit", "-q", "--allow-empty", "-m", "more")
    world.row["base_commit"] = git("rev-parse", "HEAD")
    put(after)
    world.row["test_patch"] = git("diff", "--cached", "-M") + "\n"


def test_tests_that_are_called_by_their_docstrings_are_shown(world: World) -> None:
    pytest.importorskip("swebench")
    bring(world, {}, {"tests/test_shop.py": UNITTEST})
    world.row |= {
        "log_parser": "django",
        "test_command": "PYTHONPATH=$PWD python -m unittest discover -v tests",
        "FAIL_TO_PASS": ["Four is doubled."],
        "PASS_TO_PASS": ["One is doubled."],
    }

    world.repair(RIGHT)

    (prompt,) = world.prompts()
    assert "FAILED Four is doubled.\ntests/test_shop.py:9: in test_four\n" in prompt
    assert "### tests/test_shop.py, lines 7-9\n" in prompt
    assert "Calls in the failing tests:\n- double(4) returned 5\n" in prompt


BEFORE = """\
from code_ import double


def test_double():
    assert double(1) == 2


def test_other():
    assert double(1) == 2, "other"
"""
AFTER = BEFORE.replace("double(1) == 2\n", "double(4) == 8\n")


def test_the_test_is_shown_as_a_patch_of_other_files_too_leaves_it(world: World) -> None:
    before = {"tests/test_old.py": BEFORE, "tests/data.txt": "1\n", "docs/a.rst": "A\n"}
    after = {"tests/test_old.py": None, "tests/test_new.py": AFTER, "tests/data.txt": "2\n"}
    bring(world, before, {**after, "docs/a.rst": None, "tests/more.txt": "3\n"})
    world.row |= {"FAIL_TO_PASS": ["tests/test_new.py::test_double"], "PASS_TO_PASS": []}
    assert "rename from tests/test_old.py" in world.row["test_patch"]

    world.repair(RIGHT)

    (prompt,) = world.prompts()
    assert "### tests/test_new.py, lines 4-5\n```python\ndef test_double():\n" in prompt


def test_no_test_is_shown_as_it_was_before(world: World) -> None:
    large = "".join(f"{n}\n" for n in range(200_000))
    before = {"tests/test_shop.py": BEFORE, "tests/data.txt": large}
    bring(world, before, {"tests/test_shop.py": AFTER, "tests/data.txt": large + "more\n"})
    world.row |= {"FAIL_TO_PASS": ["tests/test_shop.py::test_double"], "PASS_TO_PASS": []}

    world.repair(RIGHT)

    (prompt,) = world.prompts()
    assert "FAILED tests/test_shop.py::test_double\n" in prompt
    assert "### tests/test_shop.py" not in prompt
    assert "double(1) == 2" not in prompt
