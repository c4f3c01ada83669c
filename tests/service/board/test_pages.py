"""The board's pages as a browser without scripts has them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stillwater.canonical import Json
from stillwater.machine import Event, State
from stillwater.service.guard import COOKIE, STRICT
from stillwater.telling.results import FEEDBACK_NOTES
from tests.cli.conftest import ESCAPES, PATCH, USAGE, Bench, create
from tests.service.conftest import HOSTILE, World

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
NAMES = ("ledger__ledger-101", "ledger__ledger-102", "waypost__way-7")


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, and its text."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        assert answer.headers["content-type"].startswith("text/html")
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two runs: `old` has ended, with what is hostile in it; `new` is in the middle."""
    world = World(tmp_path_factory.mktemp("board"))
    bench = Bench(world.store)
    first, second, third = create(world.store, "old", NAMES)
    bench.read(first)
    bench.fail(first, HOSTILE, "--- a/x\n+++ b/x\n")
    bench.go(first, Event.RETRY, {"reason": "tests still fail"}, feedback=f"told {ESCAPES}")
    bench.verify(first)
    bench.read(second)
    bench.go(second, Event.DEFER, {"reason": f"model down {HOSTILE}", "wait_seconds": 2.0})
    log = "start\n" + "x\n" * 9000 + f"=== FAILURES ===\n___ test_a ___\nE   assert {HOSTILE}\n"
    bench.propose(second, "y" * 30_000)
    bench.go(second, Event.APPLIED, {"placed": []}, patch=f"--- a/y\n+++ b/y\n+{HOSTILE}\n")
    bench.go(second, Event.FAILED, {"tests": {HOSTILE: "FAILED"}}, log=log)
    bench.go(second, Event.RETRY, {"reason": "tests still fail"}, feedback="told")
    evidence: dict[str, Json] = {
        "model": "m",
        "usage": dict(USAGE),
        "problem": f"only prose {ESCAPES}{HOSTILE}",
    }
    bench.go(second, Event.UNUSABLE, evidence, prompt="no JSON", completion=HOSTILE)
    bench.go(second, Event.EXHAUSTED, {"reason": "it held no usable edit"}, feedback="f")
    bench.go(third, Event.INVALID, {"reason": "the tests can't run"}, log="broken")
    world.store.finish_run("old")
    create(world.store, "new", NAMES[:2], feedback="visible")
    yield world
    world.close()


def get(world: World, path: str, status: int = 200) -> Page:
    answer = world.client.get(path, headers=BROWSER)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-security-policy"] == STRICT
    return Page(answer)


def machine(world: World, number: int, run_id: str = "old") -> int:
    return world.store.machines(run_id)[number].id


def pages(world: World) -> list[str]:
    machines = [machine(world, n) for n in range(3)] + [machine(world, 0, "new")]
    runs = ["/runs/old", "/runs/new", "/compare", "/compare?left=old&right=new"]
    return ["/", "/submit", *runs, *(f"/machines/{one}" for one in machines)]


def test_no_page_has_a_script_or_a_style_of_its_own_or_needs_another_host(filled: World) -> None:
    for path in pages(filled):
        page = get(filled, path)
        for _, attrs in page.tags:
            assert "style" not in attrs
            assert not [name for name in attrs if name.startswith("on")]
        assert all((one["src"] or "").startswith("/static/") for one in page.all("script"))
        assert not page.all("style")
        links = [one.get("href") or "" for one in page.all("a") + page.all("link")]
        assert all(re.match(r"[/#]", link) and not link.startswith("//") for link in links), links


def test_every_page_has_one_heading_and_what_a_keyboard_needs(filled: World) -> None:
    for path in pages(filled):
        page = get(filled, path)
        assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
        assert any(one.get("href") == "#main" for one in page.all("a"))
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)), path
        assert all(one.get("scope") for one in page.all("th"))


def test_what_models_and_tests_said_is_text(filled: World) -> None:
    for number in (0, 1):
        page = get(filled, f"/machines/{machine(filled, number)}")
        assert HOSTILE in page.text
        assert not page.all("img")
        assert len(page.all("script")) == 3
        assert "\x1b" not in page.text
        assert "\x07" not in page.text


def test_a_machine_shows_each_attempt_with_its_evidence_and_digests(filled: World) -> None:
    page = get(filled, f"/machines/{machine(filled, 0)}")
    for told in (
        "Attempt 1",
        "Attempt 2",
        "The verified patch",
        "Files read, and why",
        "repair it",
    ):
        assert told in page.text
    steps = filled.client.get(f"/api/machines/{machine(filled, 0)}/transitions").json()["items"]
    links = {one.get("href") for one in page.all("a")}
    for step in steps:
        assert step["sha256"] in page.text
        for sha256 in step["evidence"].get("artifacts", {}).values():
            assert f"/api/artifacts/{sha256}" in links


def test_long_artifacts_are_cut_and_a_log_is_shown_from_its_failure(filled: World) -> None:
    answer = filled.client.get(f"/machines/{machine(filled, 1)}", headers=BROWSER)
    assert len(answer.content) < 60_000
    assert "the first 20 kB" in answer.text
    assert "from the first failure" in answer.text
    assert "___ test_a ___" in Page(answer).text
    assert "start\nx" not in Page(answer).text


def test_a_diff_is_coloured_by_classes(filled: World) -> None:
    page = get(filled, f"/machines/{machine(filled, 0)}")
    assert {"gi", "gd", "gu"} <= {one.get("class") for one in page.all("span")}
    assert PATCH.replace("\r", "").strip() in page.text


def test_every_page_of_a_run_says_what_its_feedback_means(filled: World) -> None:
    for path in ("/runs/old", f"/machines/{machine(filled, 0)}", "/compare?left=old&right=new"):
        assert FEEDBACK_NOTES["tests"] in get(filled, path).text
    assert FEEDBACK_NOTES["visible"] in get(filled, "/runs/new").text
    assert "can't be compared" in get(filled, "/compare?left=old&right=new").text


def test_a_run_shows_its_machines_success_failures_and_slots(filled: World) -> None:
    page = get(filled, "/runs/old")
    links = {one.get("href") for one in page.all("a")}
    assert {f"/machines/{machine(filled, n)}" for n in range(3)} <= links
    for told in (
        "1/3",
        "33%",
        "Success at k",
        "unusable",
        "only prose",
        "model down",
        "The model's",
    ):
        assert told in page.text
    assert not any("hx-get" in attrs for _, attrs in page.tags), "what has ended isn't watched"
    assert any(
        one.get("data-events") == "/api/events?run=new" for _, one in get(filled, "/runs/new").tags
    )


def test_300_machines_fit_in_a_page(tmp_path: Path) -> None:
    world = World(tmp_path)
    create(world.store, "big", tuple(f"django__django-{n}" for n in range(11000, 11300)))
    answer = world.client.get("/runs/big", headers=BROWSER)
    assert answer.text.count('href="/machines/') == 300
    assert len(answer.content) < 100_000
    world.close()


def test_two_runs_stand_side_by_side_the_differences_first(filled: World) -> None:
    create(filled.store, "other", NAMES[:1])
    bench = Bench(filled.store)
    other = machine(filled, 0, "other")
    bench.read(other)
    bench.go(other, Event.ABORT, {"reason": "cancelled"})
    page = get(filled, "/compare?left=old&right=other")
    assert "only the left verified" in page.text
    assert page.text.index(f"{NAMES[0]}only the left") < page.text.index(
        "in one run only", page.text.index("instance")
    )
    get(filled, "/compare?left=old&right=nope", 404)


def test_what_is_not_there_is_a_page_for_a_browser_and_a_problem_for_others(filled: World) -> None:
    for path in ("/machines/999", "/runs/nope", "/nowhere", "/?after=nope", "/runs/old/comparison"):
        assert "There is no such page" in get(filled, path, 404).text
        assert filled.client.get(path).headers["content-type"] == "application/problem+json"
    answer = filled.client.get("/api/machines/999", headers=BROWSER)
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_the_guard_refuses_is_a_page_for_a_browser(filled: World) -> None:
    content = b"x" * (filled.most_uploaded + 1)
    answer = filled.client.post("/runs", files={"file": ("big.jsonl", content)}, headers=BROWSER)
    assert (answer.status_code, "too much at once" in answer.text) == (413, True)
    answer = filled.client.get("/", headers={**BROWSER, "Host": "evil.example"})
    assert (answer.status_code, "Not under this name" in answer.text) == (421, True)


def test_the_static_files_may_be_kept_for_their_address_changes(filled: World) -> None:
    page = get(filled, "/")
    addresses = [one["src"] for one in page.all("script")]
    addresses += [one["href"] for one in page.all("link")]
    for address in addresses:
        assert address
        assert "?v=" in address
        answer = filled.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert filled.client.get("/static/../rendering.py").status_code == 404


def test_a_run_is_submitted_by_the_form(tmp_path: Path) -> None:
    world = World(tmp_path)
    typed = {"dataset": "samples", "model": "builtin/mutate", "limit": "2", "sandbox": "local"}
    typed |= {"attempts": "1", "settings": "seed=7\n"}
    answer = world.client.post("/runs", data=typed, files={"file": ("", b"")})
    assert answer.status_code == 303, answer.text
    (run,) = world.store.runs()
    assert answer.headers["location"] == f"/runs/{run.id}"
    told = (len(world.store.machines(run.id)), run.config["attempts"], run.config["seed"])
    assert told == (2, 1, 7)
    assert "queued" in get(world, f"/runs/{run.id}").text
    world.close()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"limit": "many"}, "limit: many is no whole number"),
        ({"limit": "0"}, "limit: "),
        ({"limit": "9" * 5000}, "limit: "),
        ({"attempts": "0"}, "attempts"),
        ({"arms": "nope"}, "there is no arm nope"),
        ({"settings": "no equals"}, "write it as KEY=VALUE"),
        ({"settings": "api_base=http://x"}, "is the operator's"),
        ({"dataset": "../../etc/passwd.json"}, "no path of the server is read"),
        ({"instances": "no-such-*"}, "no-such-*"),
    ],
)
def test_what_can_not_be_is_told_in_the_form_and_what_was_typed_stays(
    filled: World, typed: dict[str, str], sentence: str
) -> None:
    before = len(filled.store.runs())
    kept = {"model": f"builtin/mutate{HOSTILE}", "split": "dev"} if "dataset" not in typed else {}
    answer = filled.client.post("/runs", data={**kept, **typed}, headers=BROWSER)
    assert answer.status_code == 422
    page = Page(answer)
    assert sentence in page.text
    values = {one.get("value") for one in page.all("input")}
    assert set(kept.values()) <= values
    assert not page.all("img")
    assert len(filled.store.runs()) == before


def test_a_file_that_is_no_dataset_is_told_and_must_be_chosen_again(filled: World) -> None:
    answer = filled.client.post("/runs", files={"file": ("../mine.jsonl", b"{nonsense")})
    assert answer.status_code == 422
    assert "mine.jsonl" in answer.text
    assert "must be chosen again" in answer.text


def test_a_run_is_cancelled_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.add("r-1")
    assert any(
        one.get("action") == "/runs/r-1/cancel" for one in get(world, "/runs/r-1").all("form")
    )
    assert world.client.post("/runs/r-1/resume").headers["location"] == "/runs/r-1"
    assert world.client.post("/runs/r-1/cancel").headers["location"] == "/runs/r-1"
    assert {row.state for row in world.store.machines("r-1")} == {State.FAILED}
    answer = world.client.post("/runs/r-1/cancel", headers=BROWSER)
    assert (answer.status_code, "r-1 is finished" in answer.text) == (409, True)
    page = get(world, "/runs/r-1")
    assert not any((one.get("action") or "").endswith("/cancel") for one in page.all("form"))
    world.close()


def test_the_arms_of_a_run_are_compared_on_a_page_that_runs_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store.create_run(
        run_id="arms",
        dataset="samples",
        dataset_sha256="a" * 64,
        config={"models": ["m"], "attempts": 2, "feedback": "tests", "arms": {"a": {}, "b": {}}},
        version="0.1.0",
        rows=[{"instance_id": "x__x-1", "repo": "x/x", "problem_statement": "p"}],
        arms={"a": "m", "b": "m"},
    )
    links = {one.get("href") for one in get(world, "/runs/arms").all("a")}
    assert "/runs/arms/comparison" in links
    answer = world.client.get("/runs/arms/comparison")
    assert answer.status_code == 200
    assert (
        "default-src 'none'; style-src 'unsafe-inline'" in answer.headers["content-security-policy"]
    )
    assert "<script" not in answer.text
    world.close()


def test_a_browser_shows_the_token_once(tmp_path: Path) -> None:
    token = "a-secret-of-enough-letters"
    world = World(tmp_path, token)
    assert world.client.get("/", headers=BROWSER).headers["location"] == "/login"
    assert "autofocus" in world.client.get("/login").text
    wrong = world.client.post("/login", data={"token": "wrong"})
    assert (wrong.status_code, "That is not the token" in wrong.text) == (401, True)
    assert "set-cookie" not in wrong.headers
    right = world.client.post("/login", data={"token": token})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert token not in cookie
    assert "Log out" in get(world, "/").text
    assert world.client.post("/logout").status_code == 303
    assert world.client.get("/", headers=BROWSER).headers["location"] == "/login"
    world.close()


def test_no_board_page_is_in_the_description_of_the_api(filled: World) -> None:
    paths = filled.client.get("/api/openapi.json").json()["paths"]
    assert all(path.startswith("/api/") for path in paths)
