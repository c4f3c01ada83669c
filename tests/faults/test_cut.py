"""A clone that is cut off after any number of bytes is fetched again, and never half taken."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stillwater.canonical import digest
from stillwater.git import FetchError
from stillwater.repository import Repositories
from tests.faults.clones import served
from tests.faults.registry import git_daemon
from tests.test_repository import git, instance

FILES = {
    f"m{n}.py": "".join(f"{digest(f'{n} {m}'.encode())}\n" for m in range(1000)) for n in range(6)
}
CUTS = range(0, 260_000, 20_000)


def shop_of(files: Mapping[str, str], folder: Path) -> tuple[Path, str]:
    """A repository in a folder `shop` of that one, and its only commit."""
    shop = folder / "shop"
    shop.mkdir()
    git(shop, "init", "-q", "-b", "main")
    for name, text in files.items():
        (shop / name).write_text(text)
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "one")
    return shop, git(shop, "rev-parse", "HEAD")


@pytest.mark.skipif(git_daemon() is not None, reason="git daemon isn't installed")
def test_what_a_cut_clone_left_is_not_taken_for_the_repository(tmp_path: Path) -> None:
    shop, commit = shop_of(FILES, tmp_path)
    world: Any = SimpleNamespace(folder=tmp_path, repo_url="")
    with served(world) as proxy:
        cut = 0
        for after in CUTS:
            repositories = Repositories(tmp_path / f"home-{after}", "unused")
            wanted = instance(shop, commit).model_copy(update={"repo_url": world.repo_url})
            proxy.cut_after = [after] * 2  # the shallow fetch and the whole one
            try:
                repositories.ensure(wanted)
            except FetchError:
                cut += 1
            proxy.cut_after = []
            store = repositories.ensure(wanted)
            texts = repositories.texts(store, repositories.paths(store, commit))
            assert texts == FILES, after
        assert cut > len(CUTS) // 4


def test_a_repository_that_lacks_objects_is_the_worlds_failure(tmp_path: Path) -> None:
    shop, commit = shop_of({"a.py": "x = 1\n"}, tmp_path)
    blob = git(shop, "rev-parse", "HEAD:a.py")
    (shop / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(FetchError, match="lacks objects"):
        Repositories(tmp_path / "home", "unused").paths(shop / ".git", commit)
