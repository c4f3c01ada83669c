"""Which file a path means, and which files belong to the tests."""

import pytest

from stillwater.edits import Edit, EditError, apply, is_protected, is_test

FILES = {
    "shop/shop.py": "def price(value):\n    return value\n",
    "shop/other.py": "x = 1\n",
    "tests/test_shop.py": "y = 1\n",
}


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
        "pytest.toml",
        ".pre-commit-config.yaml",
        ".woodpecker/test.yml",
        ".gitattributes",
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


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ("./shop/shop.py", "shop/shop.py"),
        ("a/shop/shop.py", "shop/shop.py"),
        ("repo/shop/shop.py", "shop/shop.py"),
        ("shop\\shop.py", "shop/shop.py"),
        ("Shop/Shop.py", "shop/shop.py"),
        ("shop.py", "shop/shop.py"),
    ],
)
def test_a_path_is_found_by_its_tail(stated: str, found: str) -> None:
    edits = [Edit(stated, None, None, "", "def price(value):\n    return 1")]

    result = apply(edits, FILES)

    assert list(result.files) == [found]
    assert result.repairs == (f"FILE taken as {found}",)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("../shop/shop.py", '".."'),
        ("shop/../shop/shop.py", '".."'),
        ("/etc/shop.py", "relative"),
        ("/testbed/../shop/shop.py", "relative"),
        ("C:/shop/shop.py", "relative"),
        (".git/config", "git's own"),
        (".GIT/hooks/x.py", "git's own"),
        ("shop/sh\x00op.py", "control"),
        ("shop/\ud800.py", "control"),
        ("", "no file"),
        ("shop/shopp.py", "shop/shop.py"),
        ("tests/test_shop.py", "test"),
        ("test_shop.py", "test"),
    ],
)
def test_paths_that_no_edit_may_name_are_refused(stated: str, said: str) -> None:
    with pytest.raises(EditError) as caught:
        apply([Edit(stated, 1, 1, "", "y = 2")], FILES)

    assert said in str(caught.value)


def test_a_tail_that_two_files_share_is_refused() -> None:
    files = {"a/x.py": "v = 1\n", "b/x.py": "v = 1\n"}

    with pytest.raises(EditError, match=r"a/x\.py or b/x\.py"):
        apply([Edit("x.py", 1, 1, "", "v = 2")], files)
