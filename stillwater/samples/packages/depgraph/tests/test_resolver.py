import pytest

from depgraph import Index, LockError, NoVersion, Version, install_order, lock, resolve, unlock
from depgraph.resolver import outdated


@pytest.fixture
def index():
    index = Index()
    index.add("web", "2.0", ["http>=2", "json?"])
    index.add("web", "1.5", ["http<2"])
    index.add("http", "2.1", ["ssl"])
    index.add("http", "1.9")
    index.add("ssl", "1.0")
    index.add("ssl", "1.1-rc1")
    index.add("old", "1.0", ["http<2"])
    index.add("json", "0.9")
    return index


def chosen(index, *wanted):
    return {name: str(version) for name, version in resolve(index, wanted).items()}


def test_takes_the_highest_versions(index):
    assert chosen(index, "web") == {"web": "2.0", "http": "2.1", "ssl": "1.0", "json": "0.9"}


def test_goes_back_when_the_highest_does_not_fit(index):
    assert chosen(index, "web", "old") == {"web": "1.5", "old": "1.0", "http": "1.9"}


def test_takes_a_prerelease_only_when_it_must(index):
    assert chosen(index, "ssl") == {"ssl": "1.0"}
    assert chosen(index, "ssl>1.0") == {"ssl": "1.1-rc1"}


def test_an_optional_package_may_be_missing(index):
    index.add("app", "1.0", ["colour?", "http<2"])
    assert chosen(index, "app", "nothing?") == {"app": "1.0", "http": "1.9"}


def test_an_optional_package_that_does_not_fit_is_left_out(index):
    index.add("app", "1.0", ["json>=1?"])
    assert chosen(index, "app") == {"app": "1.0"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["nope"], "no package 'nope'"),
        (["web>=3"], "no version fits web>=3"),
        (["web>=2", "old"], "no versions fit together: web>=2, old"),
    ],
    ids=["unknown", "too-high", "conflict"],
)
def test_says_why_it_fails(index, wanted, message):
    with pytest.raises(NoVersion) as caught:
        resolve(index, wanted)
    assert str(caught.value) == message


def test_install_order(index):
    order = install_order(index, resolve(index, ["web"]))
    assert order == ["ssl", "http", "json", "web"]


def test_outdated(index):
    choice = {"web": Version("1.5"), "http": Version("2.1")}
    assert outdated(index, choice) == {"web": (Version("1.5"), Version("2.0"))}


def test_outdated_ignores_packages_that_left_the_index(index):
    choice = {"web": Version("1.5"), "gone": Version("1.0")}
    assert list(outdated(index, choice)) == ["web"]


def test_lock_and_unlock(index):
    choice = resolve(index, ["web"])
    assert lock(choice).splitlines()[:2] == ["# depgraph lock 1", "http==2.1"]
    assert unlock(lock(choice), index) == choice


@pytest.mark.parametrize(
    "text",
    ["", "web==2.0\n", "# depgraph lock 1\nweb\n", "# depgraph lock 1\nweb==x\n"],
    ids=["empty", "no-heading", "no-version", "bad-version"],
)
def test_refuses_bad_lock_files(text):
    with pytest.raises(LockError):
        unlock(text)


def test_refuses_a_lock_that_no_longer_fits(index):
    with pytest.raises(LockError, match="line 2: web 9.0 is no longer there"):
        unlock("# depgraph lock 1\nweb==9.0\n", index)
