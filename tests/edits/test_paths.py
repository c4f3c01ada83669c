"""Which files belong to the tests, and which to the code."""

import pytest

from stillwater.edits import is_protected, is_test


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_a.py",
        "pkg/tests/helper.py",
        "test_a.py",
        "pkg/a_test.py",
        "conftest.py",
        "testing/test_config.py",
        "test/a.py",
        "pkg/tests.py",
        "Tests/a.py",
    ],
)
def test_tests_are_known_by_name_or_folder(path: str) -> None:
    assert is_test(path)
    assert is_protected(path)


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        "tox.ini",
        "pytest.ini",
        "setup.cfg",
        "pyproject.toml",
        ".travis.yml",
        ".circleci/config.yml",
        "pkg/conftest.py",
        "sitecustomize.py",
    ],
)
def test_what_configures_the_tests_is_protected(path: str) -> None:
    assert is_protected(path)


@pytest.mark.parametrize(
    "path", ["django/test/client.py", "pkg/testing.py", "numpy/testing/utils.py", "pkg/contest.py"]
)
def test_code_that_serves_tests_is_code(path: str) -> None:
    assert not is_protected(path)
