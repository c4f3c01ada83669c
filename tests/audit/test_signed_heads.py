"""Heads that a key signed: who rewrites a chain and its heads can't sign them."""

from pathlib import Path

import pytest

from stillwater.audit.model import Report
from stillwater.certificates import keys
from stillwater.certificates.heads import sign
from stillwater.errors import InputError
from stillwater.heads import Head, parse
from stillwater.keeper import append
from tests.audit.world import World


@pytest.fixture
def signed(world: World, tmp_path: Path) -> World:
    """The world, its heads signed by the key `mine` of the folder."""
    keys.make(tmp_path / "mine")
    keys.make(tmp_path / "other")
    signer = keys.signer(tmp_path / "mine")
    write(world, [sign(one, signer) for one in kept(world)])
    return world


def kept(world: World) -> list[Head]:
    return parse(world.heads.read_bytes(), may_be_torn=False)


def write(world: World, heads: list[Head]) -> None:
    world.heads.write_text("".join(f"{head}\n" for head in heads))


def audited(world: World, tmp_path: Path, key: str = "mine") -> Report:
    return world.audit(key_file=tmp_path / f"{key}.pub")


def broken(world: World, tmp_path: Path, key: str = "mine") -> str:
    violation = audited(world, tmp_path, key).violation
    assert violation is not None
    return str(violation)


def test_signed_heads_hold_with_the_key_and_without(signed: World, tmp_path: Path) -> None:
    report = audited(signed, tmp_path)
    assert report.holds, report.violation
    (found,) = report.heads
    assert found.signed == found.count == len(kept(signed))
    assert found.signed_last == found.last
    assert signed.audit().holds


def test_another_keys_signature_is_found(signed: World, tmp_path: Path) -> None:
    assert "is not of the key" in broken(signed, tmp_path, "other")


def test_a_signature_is_of_the_whole_line(signed: World, tmp_path: Path) -> None:
    lines = signed.heads.read_text()
    year = lines.partition(" 20")[2][:2]
    signed.heads.write_text(lines.replace(f" 20{year}-", " 1999-", 1))
    assert signed.audit().holds
    assert "its signature is not of the key" in broken(signed, tmp_path)


def test_a_chain_made_anew_with_its_heads_is_found(signed: World, tmp_path: Path) -> None:
    number = signed.id("told", "long", "read")
    signed.forge(number, {"budget": 1})
    ((last, sha256),) = signed.ask("SELECT id, sha256 FROM transitions ORDER BY id DESC LIMIT 1")
    write(signed, [Head(sha256, last, "2026-11-24T12:00:00.000000Z")])
    assert signed.audit(home=None).holds
    assert "no head in it is signed" in broken(signed, tmp_path)


def test_heads_after_the_last_signed_one_are_counted_as_not_signed(
    signed: World, tmp_path: Path
) -> None:
    first, *_, last = kept(signed)
    write(signed, [first, Head(last.sha256, last.id, last.at)])
    (found,) = audited(signed, tmp_path).heads
    assert (found.count, found.signed, found.signed_last) == (2, 1, first.id)
    assert found.last == last.id


def test_a_key_and_no_heads_is_a_violation(signed: World, tmp_path: Path) -> None:
    signed.heads.unlink()
    assert "none was kept" in broken(signed, tmp_path)


def test_what_is_no_public_key_is_bad_input(signed: World, tmp_path: Path) -> None:
    for name in ("mine", "no-such-key"):
        with pytest.raises(InputError):
            signed.audit(key_file=tmp_path / name)


def test_a_signed_head_is_not_kept_twice(signed: World, tmp_path: Path) -> None:
    before = signed.heads.read_bytes()
    last = kept(signed)[-1]
    append(signed.heads, sign(Head(last.sha256, last.id, "later"), keys.signer(tmp_path / "mine")))
    assert signed.heads.read_bytes() == before
