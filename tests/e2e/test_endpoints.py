"""Several servers of the model: shared, and one that fails, comes or goes costs no attempt."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3
import pytest

from tests.e2e.command import started, stillwater
from tests.models.server import Script, openai_server
from tests.patience import DEADLINE

RUN = ("run", "samples", "--limit", "3", "--attempts", "2", "--sandbox", "local")
MODEL = ("--model", "openai/local", "--set", "defer_seconds=0.01")


def script(**told: Any) -> Script:
    """A server that has read the whole prompt and knows no answer, or what is told of it."""
    return Script(**{"text": "no idea", "context": 16384, "prompt_tokens": 9000, **told})


def rows(folder: Path, event: str) -> list[dict[str, object]]:
    """The evidence of all transitions with that event."""
    with sqlite3.connect(folder / "stillwater.db") as connection:
        found = connection.execute("SELECT evidence FROM transitions WHERE event = ?", (event,))
        return [json.loads(evidence) for (evidence,) in found]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_that_fails_in_the_middle_rests_and_the_others_do_its_work(
    tmp_path: Path,
) -> None:
    well = script()
    failing = script(statuses=[200], status=503, error="loading")
    with openai_server(well) as first, openai_server(failing) as second:
        done = stillwater(tmp_path, *RUN, *MODEL, "--endpoint", first, "--endpoint", second)
    assert done.returncode == 0, done.stderr
    answered = Counter(str(one["endpoint"]) for one in rows(tmp_path, "unusable"))
    assert answered == {first: 5, second: 1}  # three machines, two attempts each
    assert {str(one["endpoint"]) for one in rows(tmp_path, "defer")} == {second}
    assert "Final: 0/3" in done.stdout
    assert stillwater(tmp_path, "audit").returncode == 0


def test_a_key_that_one_server_refuses_does_not_stop_the_run(tmp_path: Path) -> None:
    well = script()
    refusing = script(status=401, error="invalid key")
    with openai_server(refusing) as first, openai_server(well) as second:
        done = stillwater(tmp_path, *RUN, *MODEL, "--endpoint", first, "--endpoint", second)
    assert done.returncode == 0, done.stderr
    assert {str(one["endpoint"]) for one in rows(tmp_path, "unusable")} == {second}
    assert any("invalid key" in str(one["reason"]) for one in rows(tmp_path, "defer"))


@pytest.mark.parametrize("executor", ["threads", "ray"])
def test_servers_join_and_leave_a_run_that_goes_on(tmp_path: Path, executor: str) -> None:
    held = threading.Event()
    slow = script(hang=held)
    joining = script()
    with openai_server(slow) as first, openai_server(joining) as second:
        servers = tmp_path / "servers.txt"
        servers.write_text(f"{first}  # the only one at first\n")
        words = (*RUN, *MODEL, "--endpoint", "servers.txt", "--executor", executor)
        with started(tmp_path, *words) as process:
            try:
                wait_until(lambda: len(slow.asked) >= 1)
                servers.write_text(f"{second}\n")
                # The two other machines come to their ends there, while the first one waits.
                wait_until(lambda: len(joining.asked) >= 4)
                held.set()
                assert process.wait(DEADLINE) == 0, (tmp_path / "out.txt").read_text()
            finally:
                process.kill()
    assert len(slow.asked) == 1
    answered = Counter(str(one["endpoint"]) for one in rows(tmp_path, "unusable"))
    assert answered == {first: 1, second: 5}


@pytest.mark.parametrize("began_with", ["endpoint", "api_base"])
def test_a_run_goes_on_with_its_servers_or_with_others(tmp_path: Path, began_with: str) -> None:
    refusing = script(status=401, error="invalid key")
    with openai_server(refusing) as first, openai_server(refusing) as second:
        one = ("--endpoint", first, "--endpoint", first)
        server = one if began_with == "endpoint" else ("--set", f"api_base={first}")
        stopped = stillwater(tmp_path, *RUN, *MODEL, *server)
        assert stopped.returncode == 1, stopped.stderr
        assert "invalid key" in stopped.stderr
        refusing.status = 200
        gone_on = stillwater(tmp_path, "resume", "--endpoint", second)
        assert gone_on.returncode == 0, gone_on.stderr
    assert {str(one["endpoint"]) for one in rows(tmp_path, "unusable")} == {second}


COMPARE = ("compare", "samples", "--limit", "1", "--sandbox", "local")


def test_a_comparison_is_planned_and_asked_at_the_servers_that_are_named(tmp_path: Path) -> None:
    with openai_server(script()) as url:
        arms = ("--arm", "direct", "--arm", "strict")
        done = stillwater(tmp_path, *COMPARE, *arms, *MODEL, "--endpoint", url)
    assert done.returncode == 0, done.stderr
    assert [one["endpoint"] for one in rows(tmp_path, "unusable")] == [url, url]


def test_an_arm_of_a_server_of_its_own_asks_that_and_tells_what_it_serves(tmp_path: Path) -> None:
    small, large, others = (script(context=n) for n in (20_001, 20_002, 20_003))
    with (
        openai_server(small) as one,
        openai_server(large) as two,
        openai_server(others) as three,
    ):
        (tmp_path / "stillwater.toml").write_text(
            f"[arms.small]\nattempts = 1\napi_base = '{one}'\n"
            f"[arms.large]\nattempts = 1\napi_base = '{two}'\n"
        )
        arms = ("--arm", "small", "--arm", "large", "--arm", "direct")
        done = stillwater(tmp_path, *COMPARE, *arms, *MODEL, "--set", f"api_base={three}")
    assert done.returncode == 0, done.stderr
    assert [len(server.asked) for server in (small, large, others)] == [1, 1, 1]
    with sqlite3.connect(tmp_path / "stillwater.db") as connection:
        config = json.loads(connection.execute("SELECT config FROM runs").fetchone()[0])
    told = config["served_apart"] | {"shared": config["served"]}
    contexts = {arm: of["openai/local"]["facts"]["n_ctx"] for arm, of in told.items()}
    assert contexts == {"small": 20_001, "large": 20_002, "shared": 20_003}


def test_a_replay_asks_no_server_and_needs_no_list_of_them(tmp_path: Path) -> None:
    servers = tmp_path / "servers.txt"
    with openai_server(script()) as url:
        servers.write_text(url)
        done = stillwater(tmp_path, *RUN, *MODEL, "--endpoint", "servers.txt")
        assert done.returncode == 0, done.stderr
    servers.unlink()
    again = stillwater(tmp_path, "replay")
    assert again.returncode == 0, again.stderr
    assert "no difference" in again.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--endpoint", "ftp://a"), "'ftp://a' is no endpoint"),
        (("--endpoint", "none.txt"), "none.txt can't be read: No such file"),
        (("--endpoint", os.devnull), "no endpoint is listed in /dev/null"),
        (("--endpoint", "http://127.0.0.1:9/v1"), "nothing answers at http://127.0.0.1:9/v1"),
        (
            ("--endpoint", "http://a/v1", "--set", "api_base=http://b/v1"),
            "endpoints and api_base are both set",
        ),
    ],
)
def test_endpoints_that_cannot_be_used_are_told_before_the_run(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    done = stillwater(tmp_path, *RUN, *MODEL, *words)
    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
