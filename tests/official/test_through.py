"""From a dataset with images through the command line to predictions that the harness takes."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwater.sandbox import engine_answers
from tests.e2e.command import stillwater
from tests.models.server import Script, openai_server
from tests.official.bugs import SLUG_FIXED, WRITTEN
from tests.official.test_matrix import build, official_report, row_of

pytestmark = pytest.mark.docker

ANSWER = f"FILE: slugs.py\nLINES: 1-2\nREASONING: two blanks\n```python\n{SLUG_FIXED}```\n"


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
    """Two instances with images: the answer repairs one, and doesn't fit the other."""
    pytest.importorskip("swebench")
    silence = engine_answers()
    if silence:
        pytest.skip(silence)
    mark = uuid.uuid4().hex[:12]
    made = []
    bugs = [bug for bug in WRITTEN if bug.name in {"slugs__slugs-1", "stack__stack-2"}]
    for n, bug in enumerate(bugs):
        image, context = f"stillwater-through:{mark}-{n}", tmp_path / f"context-{n}"
        build(bug, image, context)
        repository = tmp_path / f"repository-{n}"
        subprocess.run(
            ["docker", "cp", f"{created(image)}:/testbed", repository], check=True,
            capture_output=True,
        )  # fmt: skip
        commit = git(repository, "rev-parse", "HEAD")
        made.append(row_of(bug, image) | {"repo_url": str(repository), "base_commit": commit})
    yield made
    for one in made:
        for container in docker("ps", "-aq", "--filter", f"ancestor={one['image']}").split():
            docker("rm", "-f", container)
        docker("rmi", "-f", one["image"])


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def created(image: str) -> str:
    return docker("create", image, "true")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *words], cwd=folder, check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return done.stdout.strip()


def repaired(rows: list[dict[str, Any]], folder: Path) -> Script:
    """What the model was asked in a run that repairs one of the two."""
    (folder / "rows.json").write_text(json.dumps(rows))
    script = Script(text=ANSWER, context=16384)
    with openai_server(script) as base:
        done = stillwater(
            folder, "run", "rows.json", "--model", "openai/local", "--sandbox", "docker",
            "--attempts", "1", "--feedback", "visible", "--set", f"api_base={base}",
            OPENAI_API_KEY="none",
        )  # fmt: skip
    assert "Final: 1/2 verified" in done.stdout, done.stdout + done.stderr
    return script


def test_predictions_of_a_run_are_taken_as_they_are(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    script = repaired(rows, tmp_path)
    assert not any("test_blanks" in json.dumps(asked["messages"]) for asked in script.asked)
    for name in ("all_preds.jsonl", "preds.json"):
        exported = stillwater(tmp_path, "export", "predictions", "--out", name)
        assert exported.returncode == 0, exported.stderr
        report = official_report(tmp_path, name, name.partition(".")[0])
        assert report["resolved_ids"] == ["slugs__slugs-1"]


def test_a_certificate_of_an_image_needs_the_image_alone(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    repaired(rows, tmp_path)
    there = tmp_path / "there"
    assert stillwater(tmp_path, "export", "certificates", "--out", str(there)).returncode == 0
    (file,) = there.iterdir()
    environment = json.loads(file.read_bytes())["predicate"]["stillwater"]["environment"]
    assert environment["image"] == rows[0]["image"]
    assert environment["digest"] == docker("inspect", "-f", "{{.Id}}", rows[0]["image"])
    done = stillwater(there, "verify", file.name, "--sandbox", "docker")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the model saw no failure of the hidden tests" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Yes: ")
    refused = stillwater(there, "verify", file.name, "--sandbox", "local")
    assert refused.returncode == 2
    assert "which the local sandbox can't" in refused.stderr


def test_the_rungs_are_climbed_with_images(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    words = ("--model", "openai/local", "--sandbox", "docker", "--feedback", "visible")
    with openai_server(Script(text=ANSWER, context=16384)) as base:
        run = stillwater(
            tmp_path, "compare", "rows.json", "--arm", "patch", "--arm", "direct", *words,
            "--set", f"api_base={base}", OPENAI_API_KEY="none",
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        assert "sandbox docker           ok" in rung(tmp_path, "641")
        assert "each of 1 verified patches is verified 5 times" in rung(tmp_path, "274177")
        told = rung(tmp_path, "65537", "--at-least", "0.5", "--out", "certificates")
    assert "1 of 1 verified patches hold, each in a fresh clone and a fresh environment" in told
    assert len(list((tmp_path / "certificates").iterdir())) == 1


def rung(folder: Path, number: str, *words: str) -> str:
    """What a rung that must hold tells of the last run."""
    done = stillwater(folder, "verify", "--rung", number, *words, OPENAI_API_KEY="none")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
