"""What a prompt shows of the failing tests' source."""

import subprocess

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


def bring(world: World, files: dict[str, str]) -> None:
    """Have test_patch bring these files."""
    source = world.folder / "source"

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=source, check=True, capture_output=True, text=True
        )
        return done.stdout

    git("reset", "-q", "--hard")
    for path, text in files.items():
        (source / path).write_text(text)
    git("add", "-A")
    world.row["test_patch"] = git("diff", "--cached", "-M")


def test_tests_that_are_called_by_their_docstrings_are_shown(world: World) -> None:
    pytest.importorskip("swebench")
    bring(world, {"tests/test_shop.py": UNITTEST})
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
