"""Keys are in no evidence, no log, no prompt and on no screen, whatever a server says back."""

import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from stillwater.models.client import LitellmClient
from stillwater.models.protocol import ModelError
from stillwater.models.reach import reach
from stillwater.secrets import HIDDEN, LEAST, hide, hide_all
from tests.e2e.command import stillwater
from tests.models.server import Script, openai_server
from tests.models.test_client import pytestmark as quiet
from tests.models.test_client import request

pytestmark = quiet
KEY = "sk-stillwater-Zq81+/0123456789abcdef"
ECHO = "\x1b]0;pwned\x07You sent {authorization}, {authorization}"


def kept(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the folder, and every artifact of every database in it, in plain bytes."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as connection:
                for sha256, content in connection.execute("SELECT sha256, content FROM artifacts"):
                    yield f"{path.name}: {sha256}", zstandard.decompress(content)


def test_a_whole_run_keeps_no_key(tmp_path: Path) -> None:
    script = Script(text=ECHO, error=ECHO, context=16384, prompt_tokens=3000)
    script.statuses = [200, 500, 400, 401]
    variables = {"STILLWATER_API_KEY": KEY}
    with openai_server(script) as base:
        done = stillwater(
            tmp_path, "run", "--limit", "1", "--attempts", "2", "--sandbox", "local", "--verbose",
            "--model", "openai/local", "--set", f"api_base={base}", "--set", "defer_seconds=0.01",
            **variables,
        )  # fmt: skip
        resumed = stillwater(tmp_path, "resume", **variables)
    assert (done.returncode, resumed.returncode) == (1, 0), done.stderr + resumed.stderr
    assert script.statuses == []
    instance = "confine__confine-14"
    shown = [done, resumed, stillwater(tmp_path, "audit")]
    shown += [stillwater(tmp_path, "show", instance, *one) for one in ([], ["--completion"])]
    screens = "".join(one.stdout + one.stderr for one in shown)
    # What is looked for was said, and kept without the key.
    assert screens.count(f"You sent Bearer {HIDDEN}") >= 4
    assert KEY not in screens
    assert "\x1b" not in screens
    assert KEY not in str(script.asked)
    found = dict(kept(tmp_path))
    assert any("log.jsonl" in name for name in found)
    assert sum(HIDDEN.encode() in content for content in found.values()) >= 3
    assert [name for name, content in found.items() if KEY.encode() in content] == []


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_providers_own_variable_is_hidden_too(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    script = Script(status=status, error="x" * 180 + ECHO)
    with openai_server(script) as base, pytest.raises(ModelError) as told:
        LitellmClient(base).complete(request())
    assert HIDDEN in str(told.value)
    assert KEY[:8] not in str(told.value)  # not even where the text is cut
    assert KEY not in "".join(traceback.format_exception(told.value))


def test_why_a_model_is_out_of_reach_is_told_without_keys() -> None:
    found = reach("openai/local", f"http://user:hush@127.0.0.1:9/{KEY}", KEY)
    assert found.problem
    assert "hush" not in found.problem
    assert KEY not in found.problem


def test_words_that_stand_in_for_a_key_stay_in_the_text() -> None:
    word = "w" * (LEAST - 1)
    assert hide(f"a {word} in code", word) == f"a {word} in code"
    assert hide_all("see https://user:pass@host/x") == "see https://…@host/x"
