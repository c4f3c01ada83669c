"""Images that jobs need: pulled once, kept while in use, the least recently used gone first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stillwater.config import load
from stillwater.runs import Place, pick_sandbox
from stillwater.sandbox import Cancelled, DockerSandbox, SandboxError, images
from stillwater.sandbox.engine import connect
from stillwater.sandbox.shelf import Shelf
from tests.patience import DEADLINE
from tests.registry import Registry, registry
from tests.sandbox.conftest import IMAGE

pytestmark = pytest.mark.docker


@pytest.fixture
def served(engine: None) -> Iterator[Registry]:
    """A registry; what was pulled from it is removed."""
    with registry() as serving:
        yield serving
        with connect() as client:
            for name in serving.manifests:
                if images.exists(client, f"{serving.address}/{name}:1"):
                    client.images.remove(f"{serving.address}/{name}:1", force=True)


def have(shelf: Shelf, image: str) -> str:
    with connect() as client, shelf.held(client, image) as found:
        return found


def here(image: str) -> bool:
    with connect() as client:
        return images.exists(client, image)


def test_an_image_is_pulled_once_and_stays(served: Registry, home: Path) -> None:
    image = served.add("team/one", 5000)
    shelf = Shelf(home)
    assert have(shelf, image) == have(shelf, image)
    assert served.pulls == ["team/one"]
    assert shelf.pulled()[image].size >= 5000
    assert here(image)


def test_two_that_want_the_same_image_pull_it_once(served: Registry, home: Path) -> None:
    image = served.add("team/two")
    shelf = Shelf(home)
    served.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(have, shelf, image) for _ in range(2)]
        assert served.waiting.wait(DEADLINE)
        served.gate.set()
        assert both[0].result() == both[1].result()
    assert served.pulls == ["team/two"]


def test_the_least_recently_used_goes_when_the_budget_is_spent(
    served: Registry, home: Path
) -> None:
    first, second, third = (served.add(f"lru/{n}", 40_000) for n in range(3))
    shelf = Shelf(home, budget=90_000)
    have(shelf, first)
    have(shelf, second)
    have(shelf, first)
    have(shelf, third)
    assert [here(image) for image in (first, second, third)] == [True, False, True]
    assert set(shelf.pulled()) == {first, third}
    assert set(Shelf(home).pulled()) == {first, third}


def test_an_image_in_use_never_goes(served: Registry, home: Path) -> None:
    first, second = (served.add(f"used/{n}", 40_000) for n in range(2))
    shelf = Shelf(home, budget=50_000)
    with connect() as client, shelf.held(client, first):
        have(shelf, second)
        assert here(first)
    have(shelf, second)
    third = served.add("used/2", 1000)
    have(shelf, third)
    assert not here(first)


def test_what_was_there_before_never_goes(served: Registry, home: Path) -> None:
    image = served.add("team/three", 5000)
    shelf = Shelf(home, budget=1)
    have(shelf, IMAGE)
    have(shelf, image)
    assert here(IMAGE)
    assert IMAGE not in shelf.pulled()


def test_an_image_that_cannot_be_had_is_named(served: Registry, home: Path) -> None:
    missing = f"{served.address}/no/such:1"
    with pytest.raises(SandboxError, match=missing):
        have(Shelf(home), missing)
    assert Shelf(home).pulled() == {}


def test_what_a_replay_pulls_is_known_where_its_record_is(served: Registry, home: Path) -> None:
    image = served.add("team/replayed", 5000)
    place = Place(home / "again.db", lender=home / "of-the-record")
    sandbox, _ = pick_sandbox(place, load({"sandbox": "docker"}))
    sandbox.fetch(image)
    assert set(Shelf(home / "of-the-record").pulled()) == {image}


def test_a_cancelled_sandbox_waits_for_no_pull(served: Registry, home: Path) -> None:
    image = served.add("team/slow", 100_000)
    sandbox = DockerSandbox(home, IMAGE, "test")
    served.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(sandbox.fetch, image)
        assert served.waiting.wait(DEADLINE)
        sandbox.cancel()
        served.gate.set()
        with pytest.raises(Cancelled):
            fetching.result(DEADLINE)


def test_a_damaged_list_of_images_is_begun_anew(served: Registry, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "images.json").write_text('{"half": ')
    image = served.add("team/four")
    shelf = Shelf(home)
    have(shelf, image)
    assert set(shelf.pulled()) == {image}
