"""The board in a real browser: a run is submitted, watched to its end and looked into."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.command import ROOT, environment
from tests.patience import DEADLINE

if shutil.which("chromium") is None:
    pytest.skip("needs Debian's chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright  # noqa: E402

pytestmark = pytest.mark.slow

VERIFIED, FAILED = "cronwhen__cronwhen-57", "cronwhen__cronwhen-38"
LONG = 240_000
"""Milliseconds that a run may take on a busy machine."""
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


class Service:
    """The service as a process over one database; always on the same port once it has one."""

    def __init__(self, folder: Path, token: str | None = None) -> None:
        self.folder = folder
        self.port = 0
        self.start(token)

    def start(self, token: str | None = None) -> None:
        secret = {"STILLWATER_TOKEN": token} if token else {}
        with (self.folder / "err.txt").open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stillwater", "serve", "--port", str(self.port)],
                cwd=self.folder,
                env=environment(self.folder) | {"PYTHONPATH": str(ROOT)} | secret,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout
        told = self.process.stdout.readline()
        assert "http://127.0.0.1:" in told, (self.folder / "err.txt").read_text()
        self.port = urlsplit(told.split()[-1]).port or 0

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=DEADLINE)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@dataclass
class Watched:
    """A page, and everything that it should not do."""

    page: Page
    service: Service
    complaints: list[str] = field(default_factory=list)
    loads: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("load", lambda _: self._loaded())

    def go(self, path: str) -> Page:
        self.page.goto(self.service.url(path))
        return self.page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        if urlsplit(url).netloc != f"127.0.0.1:{self.service.port}":
            self.complaints.append(f"asked {url}")

    def _loaded(self) -> None:
        self.loads += 1


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = Service(tmp_path_factory.mktemp("served"))
    yield started
    started.end()


@pytest.fixture
def watched(browser: Browser, service: Service) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Watched(context.new_page(), service)
    context.close()


def submit(watched: Watched, instances: str, attempts: int) -> str:
    """Submit the samples by the form, with the keyboard alone; the id of the run."""
    page = watched.go("/submit")
    for label, typed in (
        ("Instances", instances),
        ("Limit", "2"),
        ("Model", "builtin/mutate"),
        ("Attempts", str(attempts)),
    ):
        page.get_by_label(label, exact=True).press_sequentially(typed)
    page.get_by_label("Sandbox").select_option("local")
    page.get_by_role("button", name="Submit").press("Enter")
    page.wait_for_url(re.compile(r"/runs/\d"))
    return page.url.rpartition("/")[2]


@pytest.fixture(scope="module")
def ended(browser: Browser, service: Service) -> str:
    """A run of one instance that is verified and one that fails, watched without reloading."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page(), service)
    run_id = submit(watched, f"{VERIFIED} {FAILED}", 1)
    page, loads = watched.page, watched.loads
    expect(page.locator("#stream")).to_have_text("live")
    expect(page.locator(".activity")).to_have_text("finished", timeout=LONG)
    verified = page.get_by_role("region", name="VERIFIED")
    expect(verified.get_by_role("link")).to_have_text(VERIFIED)
    expect(page.get_by_role("region", name="FAILED").get_by_role("link")).to_have_text(FAILED)
    expect(page.locator("#stream")).to_have_text("")
    assert watched.loads == max(loads, 2), "the page was loaded again"
    assert watched.complaints == []
    context.close()
    return run_id


def test_a_submitted_run_is_watched_to_its_end_without_reloading(ended: str) -> None:
    assert ended


def test_a_verified_machine_shows_its_patch_and_a_failed_one_its_failure(
    watched: Watched, ended: str
) -> None:
    page = watched.go(f"/runs/{ended}")
    page.get_by_role("link", name=VERIFIED).press("Enter")
    expect(page.get_by_role("region", name="patch, verified")).to_contain_text(
        "len(schedule.months)"
    )
    page.go_back()
    page.get_by_role("link", name=FAILED).press("Enter")
    expect(page.get_by_role("region", name=re.compile("^log, ")).last).to_contain_text("FAILURES")
    expect(page.get_by_text("Not passing")).to_be_visible()
    answer = page.locator("summary", has_text="Answer")
    answer.press("Enter")
    expect(page.get_by_role("region", name=re.compile("^answer, "))).to_contain_text("FILE")
    assert watched.complaints == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_fits_and_keeps_nobody_out(
    browser: Browser, service: Service, ended: str, width: int, scheme: str
) -> None:
    dark = scheme == "dark"
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light"
    )
    watched = Watched(context.new_page(), service)
    paths = ["/", "/submit", f"/runs/{ended}", f"/compare?left={ended}&right={ended}"]
    for path in [*paths, "/machines/1", "/machines/2"]:
        page = watched.go(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        for one in page.locator("details").all():
            one.evaluate("one => { one.open = true }")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        assert serious == [], path
    assert watched.complaints == []
    context.close()


def test_the_first_tab_skips_to_the_content_and_focus_is_seen(watched: Watched, ended: str) -> None:
    page = watched.go(f"/runs/{ended}")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    assert skip.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_page_follows_a_service_that_is_killed_and_started_again(
    browser: Browser, tmp_path: Path
) -> None:
    service = Service(tmp_path)
    context = browser.new_context()
    watched = Watched(context.new_page(), service)
    try:
        submit(watched, "confine__confine-14 confine__confine-21", 2)
        page = watched.page
        page.get_by_role("region", name="GENERATE").get_by_role("link").or_(
            page.get_by_role("region", name="TEST").get_by_role("link")
        ).first.click(timeout=LONG)
        loads, steps = watched.loads, page.locator(".timeline tbody tr")
        page.locator("#issue summary").click()
        page.evaluate("document.querySelector('#issue summary').focus()")
        expect(page.locator("#stream")).to_have_text("live")
        before = steps.count()
        service.end()
        expect(page.locator("#stream")).to_have_text("reconnecting …")
        service.start()
        expect(page.locator("#stream")).to_have_text("live", timeout=60_000)
        expect(steps.nth(before)).to_be_visible(timeout=LONG)
        expect(page.locator(".lead .state")).to_have_text(
            re.compile("VERIFIED|FAILED"), timeout=LONG
        )
        assert page.locator("#issue").evaluate("one => one.open"), "what was opened stays open"
        expect(page.locator("#issue summary")).to_be_focused()
        assert watched.loads == max(loads, 3), "the page was loaded again"
        refused = [one for one in watched.complaints if "ERR_" not in one and "htmx:" not in one]
        assert refused == []
    finally:
        context.close()
        service.end()


def test_a_browser_logs_in_and_is_asked_again_when_the_token_has_changed(
    browser: Browser, tmp_path: Path
) -> None:
    service = Service(tmp_path, "the-first-of-two-secrets")
    context = browser.new_context()
    page = Watched(context.new_page(), service).go("/")
    try:
        token = page.get_by_label("The service's token")
        token.fill("wrong")
        token.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("That is not the token")
        token.fill("the-first-of-two-secrets")
        token.press("Enter")
        expect(page.get_by_role("heading", name="Runs")).to_be_visible()
        expect(page.locator("#stream")).to_have_text("live")
        service.end()
        service.start("the-second-of-two-secrets")
        expect(token).to_be_visible(timeout=60_000)
    finally:
        context.close()
        service.end()
