"""Keys: made, read, refused with a sentence, never shown."""

import subprocess
from pathlib import Path

import pytest

from stillwater.certificates import keys
from tests.certificates.world import call, out


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def test_a_new_key_is_its_owners_alone_and_replaces_none(tmp_path: Path) -> None:
    told = out("key", "new", tmp_path / "k")
    signer = keys.signer(tmp_path / "k")
    assert signer.public_key.keyid == keys.public(tmp_path / "k.pub").keyid
    assert signer.public_key.keyid in told
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    content = (tmp_path / "k").read_bytes()
    assert content.splitlines()[1].decode() not in told
    assert "is there already" in str(call("key", "new", tmp_path / "k").exception)
    assert (tmp_path / "k").read_bytes() == content


def test_a_key_of_openssl_is_taken(tmp_path: Path) -> None:
    private, public = tmp_path / "k", tmp_path / "k.pub"
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(private))
    openssl("pkey", "-in", str(private), "-pubout", "-out", str(public))
    assert keys.signer(private).public_key.keyid == keys.public(public).keyid


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:1024"), "no ed25519 key"),
        (("-algorithm", "x25519"), "no ed25519 key"),
        (("-algorithm", "ed25519", "-aes256", "-pass", "pass:long"), "has a password"),
    ],
)
def test_another_kind_of_key_is_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    openssl("genpkey", *words, "-out", str(tmp_path / "k"))
    with pytest.raises(keys.BadKey, match=said):
        keys.signer(tmp_path / "k")


@pytest.mark.parametrize("content", [b"", b"hush", b"-----BEGIN PRIVATE KEY-----\nhush\n", b"\xff"])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k").write_bytes(content)
    for read in (keys.signer, keys.public):
        with pytest.raises(keys.BadKey) as told:
            read(tmp_path / "k")
        assert "hush" not in str(told.value)


def test_each_key_has_its_place(tmp_path: Path) -> None:
    keys.make(tmp_path / "k")
    with pytest.raises(keys.BadKey, match="no private key"):
        keys.signer(tmp_path / "k.pub")
    with pytest.raises(keys.BadKey, match="keep it"):
        keys.public(tmp_path / "k")
