"""Small repositories with a bug each, whose tests print what pytest, unittest and Django print."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stillwater import datasets
from stillwater.edits import diff
from stillwater.repository import Repositories, apply_patch, touched


@dataclass(frozen=True)
class Bug:
    """Base files, the gold patch, the test patch, and how the tests are run and read."""

    name: str
    files: Mapping[str, str]
    patch: str
    test_patch: str
    command: str
    log_parser: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    test_files: tuple[str, ...] = field(default=())

    @property
    def module(self) -> str:
        """The file that the gold patch repairs."""
        return touched(self.patch)[0]


def patched(files: Mapping[str, str], patch: str, folder: Path) -> dict[str, str]:
    """The files with the patch applied."""
    folder.mkdir(parents=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    apply_patch(folder, patch, "a patch")
    return read(folder)


def read(folder: Path) -> dict[str, str]:
    """All text files below the folder."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in found
        if not {".git", "__pycache__"} & set(path.relative_to(folder).parts)
    }


def sample(instance_id: str, folder: Path) -> Bug:
    """One of the bundled samples."""
    (one,) = datasets.select(
        datasets.load("samples"), datasets.Selection(ids=[instance_id])
    ).instances
    repositories = Repositories(folder, "")
    store = repositories.ensure(one)
    with repositories.tree(store, one.base_commit, "image") as tree:
        files = read(tree)
    return Bug(
        name=instance_id,
        files=files,
        patch=one.patch,
        test_patch=one.test_patch,
        command="python -m pytest -rA -p no:cacheprovider",
        log_parser="parse_log_pytest",
        fail_to_pass=one.FAIL_TO_PASS,
        pass_to_pass=one.PASS_TO_PASS,
    )


def written(
    name: str,
    *,
    module: Mapping[str, tuple[str, str]],
    tests: Mapping[str, tuple[str, str]],
    other: Mapping[str, str] | None = None,
    command: str,
    log_parser: str,
    fail_to_pass: tuple[str, ...],
    pass_to_pass: tuple[str, ...],
) -> Bug:
    """A bug from the texts (before, after) of its module and of its tests."""

    def change(texts: Mapping[str, tuple[str, str]]) -> str:
        before = {path: old for path, (old, _) in texts.items() if old}
        return diff(before, {path: new for path, (_, new) in texts.items()})

    files = {path: old for path, (old, _) in {**module, **tests}.items() if old}
    return Bug(
        name=name,
        files={**files, **(other or {})},
        patch=change(module),
        test_patch=change(tests),
        command=command,
        log_parser=log_parser,
        fail_to_pass=fail_to_pass,
        pass_to_pass=pass_to_pass,
    )


SLUG_FIXED = """\
def slug(text):
    return text.lower().replace('  ', ' ').replace(' ', '-')
"""
SLUG = "def slug(text):\n    return text.lower().replace(' ', '-')\n"
SLUG_TESTS = """import unittest

from slugs import slug


class SlugTest(unittest.TestCase):
    def test_blank(self):
        self.assertEqual(slug("A b"), "a-b")

    @unittest.skip("later")
    def test_later(self):
        self.fail()
"""
SLUG_MORE = """
    def test_blanks(self):
        self.assertEqual(slug("A  b"), "a-b")
"""

STACK = "class Stack(list):\n    def peek(self):\n        return self[0]\n"
STACK_TESTS = '''import unittest

from stack import Stack


class StackTest(unittest.TestCase):
    def test_one(self):
        """One thing is at both ends."""
        self.assertEqual(Stack([1]).peek(), 1)
'''
STACK_MORE = '''
    def test_two(self):
        """Of two things the last is on top."""
        self.assertEqual(Stack([1, 2]).peek(), 2)

    @unittest.expectedFailure
    def test_none(self):
        self.assertIsNone(Stack().peek())
'''

RUNNER = """import sys
import unittest

print("Testing against Django installed in '/testbed/django' with up to 1 processes")
print("Found %d test(s)." % 2)
suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
result = unittest.TextTestRunner(verbosity=2).run(suite)
print("System check identified no issues (0 silenced).", file=sys.stderr)
sys.exit(bool(result.failures or result.errors))
"""
FIELD = "class Field:\n    def clean(self, value):\n        return value\n"
FIELD_FIXED = FIELD.replace("return value", "return value.strip()")
FIELD_TESTS = """import unittest

from forms import Field


class FieldTests(unittest.TestCase):
    def test_clean(self):
        self.assertEqual(Field().clean("a"), "a")
"""
FIELD_MORE = '''
    def test_strips(self):
        """
        Blanks around a value are no part of it.
        """
        self.assertEqual(Field().clean(" a "), "a")
'''

QUERY = "def limits(low, high):\n    return list(range(low, high))\n"
QUERY_TESTS = """import unittest

from query import limits


class LimitTests(unittest.TestCase):
    def test_empty(self):
        self.assertEqual(limits(1, 1), [1])

    def test_low(self):
        self.assertEqual(limits(1, 3)[0], 1)
"""

SPLIT_FIXED = """\
def split(text):
    return [part.strip() for part in text.split(',')]
"""
SPLIT = "def split(text):\n    return text.split(',')\n"
SPLIT_TESTS = """import pytest

from splits import split


@pytest.mark.parametrize("text", ["a", "b,c"])
def test_whole(text):
    assert ",".join(split(text)) == text


@pytest.mark.skip(reason="later")
def test_later():
    assert False


@pytest.mark.xfail
def test_quotes():
    assert split('"a,b"') == ["a,b"]
"""
SPLIT_MORE = """

@pytest.mark.parametrize("text", ["a, b", "c ,d"])
def test_blanks(text):
    assert all(part == part.strip() for part in split(text))
"""

DJANGO = "python tests/runtests.py {} 2>&1"

WRITTEN = (
    written(
        "slugs__slugs-1",
        module={"slugs.py": (SLUG, SLUG_FIXED)},
        tests={"test_slugs.py": (SLUG_TESTS, SLUG_TESTS + SLUG_MORE)},
        command="python -m unittest -v",
        log_parser="parse_log_django",
        fail_to_pass=("test_blanks (test_slugs.SlugTest.test_blanks)",),
        pass_to_pass=(
            "test_blank (test_slugs.SlugTest.test_blank)",
            "test_later (test_slugs.SlugTest.test_later)",
        ),
    ),
    written(
        "stack__stack-2",
        module={"stack.py": (STACK, STACK.replace("self[0]", "self[-1]"))},
        tests={"test_stack.py": (STACK_TESTS, STACK_TESTS + STACK_MORE)},
        command="python -m unittest -v",
        log_parser="parse_log_django",
        fail_to_pass=("Of two things the last is on top.",),
        pass_to_pass=("One thing is at both ends.",),
    ),
    written(
        "forms__forms-3",
        module={"forms.py": (FIELD, FIELD_FIXED)},
        tests={"test_forms.py": (FIELD_TESTS, FIELD_TESTS + FIELD_MORE)},
        other={"tests/runtests.py": RUNNER},
        command="PYTHONPATH=. " + DJANGO.format("test_forms"),
        log_parser="parse_log_django",
        fail_to_pass=("Blanks around a value are no part of it.",),
        pass_to_pass=("test_clean (test_forms.FieldTests.test_clean)",),
    ),
    written(
        "query__query-4",
        module={"query.py": (QUERY, QUERY.replace("high))", "high + 1))"))},
        tests={"test_query.py": ("", QUERY_TESTS)},
        other={"tests/runtests.py": RUNNER},
        command="PYTHONPATH=. " + DJANGO.format("test_query"),
        log_parser="parse_log_django",
        fail_to_pass=("test_empty (test_query.LimitTests.test_empty)",),
        pass_to_pass=("test_low (test_query.LimitTests.test_low)",),
    ),
    written(
        "splits__splits-5",
        module={"splits.py": (SPLIT, SPLIT_FIXED)},
        tests={"test_splits.py": (SPLIT_TESTS, SPLIT_TESTS + SPLIT_MORE)},
        command="python -m pytest -rA -p no:cacheprovider",
        log_parser="parse_log_pytest",
        # The official parser cuts ids at their first blank; these are cut in the middle besides.
        fail_to_pass=("test_splits.py::test_blanks[a,", "test_splits.py::test_blanks[c"),
        pass_to_pass=("test_splits.py::test_whole[a]", "test_splits.py::test_quotes"),
    ),
)  # fmt: skip
SAMPLES = (
    "confine__confine-14",
    "depgraph__depgraph-80",
    "ledger__ledger-112",
    "waypost__waypost-44",
)
