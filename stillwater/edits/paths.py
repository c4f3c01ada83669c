"""Which file an edit means, and which files no edit may touch."""

import difflib
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from stillwater.edits.model import EditError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TEST_NAME = re.compile(r"(?:tests?|test_.*|.*_tests?|conftest)\.pyi?")
_CONFIGURATION = {
    *("pytest.ini", ".pytest.ini", "tox.ini", "noxfile.py", "setup.cfg", "pyproject.toml"),
    *("pytest.toml", ".pytest.toml", "tox.toml", ".gitattributes", ".gitmodules"),
    *("sitecustomize.py", "usercustomize.py", "runtests.py", "jenkinsfile", ".coveragerc"),
    *(".gitlab-ci.yml", ".travis.yml", "appveyor.yml", ".appveyor.yml", "azure-pipelines.yml"),
    *(".cirrus.yml", ".drone.yml", ".woodpecker.yml", "bitbucket-pipelines.yml", "cloudbuild.yaml"),
    *(".pre-commit-config.yaml", "azure-pipelines.yaml", ".readthedocs.yaml", ".readthedocs.yml"),
}
_CONFIGURATION_FOLDERS = {
    *(".github", ".circleci", ".ci", ".gitlab", ".azure-pipelines", ".buildkite", ".semaphore"),
    *(".husky", ".woodpecker", ".forgejo", ".gitea", ".devcontainer", ".vscode"),
}


def is_test(path: str) -> bool:
    """Whether the path is, by its name or folder, part of the tests."""
    *folders, name = PurePosixPath(path.lower()).parts or ("",)
    return (
        bool(_TEST_NAME.fullmatch(name))
        or "tests" in folders
        or folders[:1] in (["test"], ["testing"])
    )


def is_protected(path: str) -> bool:
    """Whether the path belongs to the tests, or configures how they run."""
    *folders, name = PurePosixPath(path.lower()).parts or ("",)
    return (
        is_test(path)
        or name in _CONFIGURATION
        or not _CONFIGURATION_FOLDERS.isdisjoint(folders[:1])
    )


def names_test(stated: str) -> bool:
    """Whether `stated` is a path that an edit may name, of tests and of nothing that configures."""
    try:
        path = _checked(stated)
    except EditError:
        return False
    *folders, name = PurePosixPath(path.lower()).parts
    configures = name in _CONFIGURATION or name.startswith("conftest.")
    return is_test(path) and not configures and _CONFIGURATION_FOLDERS.isdisjoint(folders[:1])


def resolve(stated: str, paths: Sequence[str]) -> str:
    """The one of `paths` that `stated` means: itself, or the only one with the same tail.

    Raises:
        EditError: the path is none that an edit may name, or no file or several have it.
    """
    path = _checked(stated)
    known = set(paths)
    if path in known:
        return path
    parts = path.split("/")
    # The longest tail of what is stated comes first: "a/src/x.py" means src/x.py before x.py.
    for start in range(1, len(parts)):
        if "/".join(parts[start:]) in known:
            return "/".join(parts[start:])
    for alike in (_same, str.lower):
        tail = "/" + alike(path)
        found = sorted({one for one in paths if ("/" + alike(one)).endswith(tail)})
        if len(found) == 1:
            return found[0]
        if found:
            raise EditError(f"FILE: {path} could be {listed(found)}: give the whole path.")
    close = nearest(path, paths)
    hint = f" The nearest are {listed(close)}." if close else ""
    raise EditError(f"There is no file {path}.{hint}")


def nearest(path: str, paths: Sequence[str]) -> list[str]:
    """The three paths most like `path`, best first."""
    name = path.rsplit("/", 1)[-1].lower()
    parts = set(path.lower().split("/"))
    likely = sorted(
        paths,
        key=lambda one: (
            one.rsplit("/", 1)[-1].lower() != name,
            -len(parts.intersection(one.lower().split("/"))),
            one,
        ),
    )[:300]
    same = [one for one in likely if one.rsplit("/", 1)[-1].lower() == name][:3]
    short = name[:200]
    by_name = sorted(
        (one for one in likely if one not in same),
        key=lambda one: (
            -difflib.SequenceMatcher(None, short, one.rsplit("/", 1)[-1].lower()).quick_ratio(),
            -len(parts.intersection(one.lower().split("/"))),
            one,
        ),
    )
    return [*same, *by_name][:3]


def _checked(stated: str) -> str:
    if not stated.strip():
        raise EditError("An edit names no file: start each block with FILE: and the file's path.")
    if _CONTROL.search(stated):
        raise EditError("FILE holds control characters: give the path as it is shown.")
    shown = stated[:200]
    plain = stated.strip().replace("\\", "/")
    if plain.startswith(("/", "~")) or re.match(r"[A-Za-z]:", plain):
        raise EditError(f"FILE: {shown} must be relative to the repository's root.")
    parts = [part for part in plain.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise EditError(f'FILE: {shown} must not hold "..": give the path as it is shown.')
    if any(part.lower().rstrip(". ") == ".git" for part in parts):
        raise EditError(f"FILE: {shown} is part of git's own data and must not be changed.")
    if len(plain) > 1000 or len(parts) > 60 or not parts:
        raise EditError(f"There is no file {shown}.")
    return "/".join(parts)


def _same(text: str) -> str:
    return text


def listed(paths: Sequence[str]) -> str:
    """The first three, as one says them."""
    shown = list(paths[:3])
    return ", ".join(shown[:-1]) + " or " * (len(shown) > 1) + shown[-1]
