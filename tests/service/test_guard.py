"""Who may come in: this machine's own address, or who shows the token; no other site's page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import stillwater
from tests.service.conftest import World

TOKEN = "a-secret-that-nobody-guesses"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    """A service with a token."""
    made = World(tmp_path, token=TOKEN)
    yield made
    made.close()


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[::2]", "[", "[x]"]
)
def test_without_a_token_only_this_machines_names_are_served(world: World, host: str) -> None:
    answer = world.client.get("/api/runs", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "[::1]:8765", "127.0.0.2"])
def test_they_are_served(world: World, host: str) -> None:
    assert world.client.get("/api/runs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing(world: World, headers: dict[str, str]) -> None:
    world.add("r-1")
    answer = world.client.post("/api/runs/r-1/cancel", headers=headers)
    assert answer.status_code == 403
    assert not world.finished("r-1")


def test_with_a_token_nothing_is_told_without_it(guarded: World) -> None:
    for path in ("/api/runs", "/api/openapi.json", "/api/events", "/", "/api/health"):
        answer = guarded.client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    for wrong in ("Bearer wrong", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer \xe9"):
        headers = [(b"authorization", wrong.encode("latin-1"))]
        assert guarded.client.get("/api/runs", headers=headers).status_code == 401


def test_the_token_lets_in_under_any_name(guarded: World) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "host": "board.example"}
    assert guarded.client.get("/api/runs", headers=headers).status_code == 200


def test_a_browser_without_the_token_is_sent_to_the_login(guarded: World) -> None:
    answer = guarded.client.get("/", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_another_address_demands_a_token(tmp_path: Path, host: str) -> None:
    ended = stillwater(tmp_path, "serve", "--host", host)
    assert ended.returncode == 2
    assert "STILLWATER_TOKEN" in ended.stderr
    assert not (tmp_path / "stillwater.db").exists()


def test_a_short_token_is_refused_and_not_repeated(tmp_path: Path) -> None:
    ended = stillwater(tmp_path, "serve", STILLWATER_TOKEN="hunter2")
    assert ended.returncode == 2
    assert "shorter than" in ended.stderr
    assert "hunter2" not in ended.stderr
