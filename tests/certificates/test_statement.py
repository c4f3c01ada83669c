"""What a certificate says: an in-toto test result about the patch, with its evidence."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stillwater import __version__, heads
from stillwater.audit.heads import read_given
from stillwater.audit.whole import audit
from stillwater.canonical import Json, canonical, digest
from stillwater.certificates.evidence import address, gather
from stillwater.store import Store
from tests.certificates.world import DOUBLE, NAME, SECRET, SERVED, TRIPLE, World, call, out


def test_it_is_an_in_toto_statement_about_the_patch(
    world: World, statement: dict[str, Any], tmp_path: Path
) -> None:
    out("export", "patches", "--out", tmp_path / "patches", "--db", world.db)
    patch = (tmp_path / "patches" / f"{NAME}.patch").read_bytes()
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    (subject,) = statement["subject"]
    assert subject == {"name": f"{NAME}.patch", "digest": {"sha256": digest(patch)}}
    predicate = statement["predicate"]
    assert predicate["stillwater"]["patch"].encode() == patch
    assert (predicate["result"], predicate["failedTests"]) == ("PASSED", [])
    assert predicate["passedTests"] == sorted([DOUBLE, TRIPLE])
    for one in predicate["configuration"]:
        assert {len(value) for value in one["digest"].values()} == {64}


def test_it_tells_how_the_patch_came_about(world: World, statement: dict[str, Any]) -> None:
    facts = statement["predicate"]["stillwater"]
    assert facts["instance"]["base_commit"] == world.row["base_commit"]
    assert facts["instance_sha256"] == digest(canonical(world.row))
    assert facts["dataset"] == {"name": "some", "sha256": digest(b"some")}
    assert (facts["run"], facts["arm"], facts["feedback"]) == ("run-1", "default", "tests")
    assert facts["models"] == [{"name": "m", **SERVED, "attempts": [1, 2]}]
    assert facts["attempts"] == {"made": 2, "allowed": 3}
    assert facts["tests"] == {
        "before": {DOUBLE: "FAILED", TRIPLE: "PASSED"},
        "after": {DOUBLE: "PASSED", TRIPLE: "PASSED"},
    }
    assert facts["environment"] == {
        "sandbox": "local", "image": None, "digest": None, "key": None,
        "reason": "the local sandbox has no image",
    }  # fmt: skip
    assert facts["versions"]["stillwater"] == "0.1.0"
    assert facts["versions"]["exported_by"] == __version__
    assert facts["versions"]["python"].startswith("3.")
    assert facts["signer"] is None


def test_it_tells_what_the_server_of_its_own_arm_served(world: World) -> None:
    with Store.open(world.db, read_only=True) as store:
        run, (machine,) = store.run("run-1"), store.machines("run-1")
        own: dict[str, Json] = {"digest": "sha256:of-its-own", "reason": None, "facts": {}}
        apart: dict[str, Json] = {"default": {"m": own}, "another": {"m": SERVED}}
        run = replace(run, config={**run.config, "served_apart": apart})
        facts = gather(store, run, machine, b"").facts
    assert facts["models"] == [{"name": "m", **own, "attempts": [1, 2]}]


def test_its_head_is_in_the_chain_and_nothing_after_it_is_needed(
    world: World, statement: dict[str, Any], tmp_path: Path
) -> None:
    head = heads.Head(**statement["predicate"]["stillwater"]["chain"])
    (tmp_path / "kept").write_text(f"{head}\n")
    assert read_given(tmp_path / "kept") == [head]
    assert audit(world.db, head_file=tmp_path / "kept").holds


def test_the_same_machine_gives_the_same_bytes(
    world: World, unsigned: Path, tmp_path: Path
) -> None:
    out("export", "certificates", "run-1", "--out", tmp_path / "again", "--db", world.db)
    assert (tmp_path / "again" / f"{NAME}.json").read_bytes() == unsigned.read_bytes()


def test_no_key_no_credentials_and_not_the_datasets_own_fix_are_in_it(
    world: World, unsigned: Path, signed: Path, key: Path
) -> None:
    (line,) = [one for one in key.read_text().splitlines() if "--" not in one]
    for content in (unsigned.read_text(), base64.b64decode(envelope(signed)["payload"]).decode()):
        own = (SECRET, str(key), line, str(world.repo))
        for private in (*own, str(world.row["patch"]), "api_base"):
            assert private not in content
    with Store.open(world.db, read_only=True) as store:
        assert "certificate_key" not in store.run("run-1").config


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:hush@host/a.git", "https://host/a.git"),
        ("ssh://git@host/a.git", "ssh://host/a.git"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("bundled:ledger", "bundled:ledger"),
        ("/srv/a.git", None),
        ("~/a", None),
        ("../a:b", None),
        ("file:///srv/a.git", None),
    ],
)
def test_where_a_repository_is_told_without_credentials_and_paths(
    url: str, told: str | None
) -> None:
    assert address(url) == told


def test_a_signed_one_is_an_envelope_around_the_same_statement(
    unsigned: Path, signed: Path, key: Path, statement: dict[str, Any]
) -> None:
    made = envelope(signed)
    assert made["payloadType"] == "application/vnd.in-toto+json"
    stated = json.loads(base64.b64decode(made["payload"]))
    signer = stated["predicate"]["stillwater"]["signer"]
    assert signer["keyid"] == made["signatures"][0]["keyid"]
    for one in (stated, statement):
        for name in ("signer", "sha256"):
            del one["predicate"]["stillwater"][name]
    assert stated == statement


def test_a_run_without_a_verified_machine_gives_no_certificate(
    world: World, tmp_path: Path
) -> None:
    db = tmp_path / "none.db"
    with Store.open(db) as store:
        store.create_run(
            run_id="r", dataset="d", dataset_sha256="a" * 64, config={}, version="0.1.0",
            rows=[{"instance_id": "a__a-1"}], arms={"default": "m"},
        )  # fmt: skip
    done = call("export", "certificates", "--out", tmp_path / "no", "--db", db)
    assert (done.exit_code, (tmp_path / "no").exists()) == (0, False)
    assert "nothing to write" in done.stderr


def test_a_folder_that_holds_something_is_left_alone_unless_forced(
    world: World, unsigned: Path
) -> None:
    words = ("export", "certificates", "--out", unsigned.parent, "--db", world.db)
    assert "--force" in str(call(*words).exception)
    assert call(*words, "--force").exit_code == 0


@pytest.mark.parametrize("key", ["no/such/key", ""])
def test_a_key_that_is_not_there_is_named(
    world: World, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLWATER_CERTIFICATE_KEY", key)
    done = call("export", "certificates", "--out", tmp_path / "no", "--db", world.db)
    if key:
        assert "no/such/key can't be read" in str(done.exception)
    else:
        assert "signed by nobody" in done.stderr


def envelope(file: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(file.read_bytes())
    return made
