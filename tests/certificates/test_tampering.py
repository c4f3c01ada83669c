"""A certificate of which one byte is another is refused; so is everything that is none."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import SSlibKey

from stillwater.canonical import canonical
from stillwater.certificates import envelope, keys, reading
from stillwater.certificates.reading import NotACertificate, read, signature
from tests.certificates.world import SECRET, call, forged


def refused(file: Path, content: bytes, key: SSlibKey | None = None) -> bool:
    """Whether a file of these bytes counts for nothing, before anything of it is run."""
    file.write_bytes(content)
    try:
        found = read(file)
    except NotACertificate:
        return True
    return found.changed is not None or not signature(found, key).holds


def others(content: bytes, places: range) -> list[bytes]:
    """The content with another byte at each of the places, in turn."""
    return [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in places]


def test_no_byte_of_an_unsigned_one_can_change(unsigned: Path, tmp_path: Path) -> None:
    content = unsigned.read_bytes()
    assert not refused(tmp_path / "c", content)
    for other in others(content, range(len(content))):
        assert refused(tmp_path / "c", other), other
    assert refused(tmp_path / "c", content + b" ")
    assert refused(tmp_path / "c", content[:-1])
    assert refused(tmp_path / "c", json.dumps(json.loads(content), indent=1).encode())


def test_no_byte_of_a_signed_one_can_change(signed: Path, key: Path, tmp_path: Path) -> None:
    content, public = signed.read_bytes(), keys.public(tmp_path / "key.pub")
    assert not refused(tmp_path / "c", content)
    assert not refused(tmp_path / "c", content, public)
    # Of the payload, in base64, every seventh; of what is around it, every one.
    edge = content.index(b'"payloadType"')
    places = (*range(0, edge, 7), *range(edge, len(content)))
    for at in places:
        (other,) = others(content, range(at, at + 1))
        assert refused(tmp_path / "c", other), other


def test_base64_that_says_the_same_otherwise_is_refused(signed: Path, tmp_path: Path) -> None:
    made = json.loads(signed.read_bytes())
    (one,) = made["signatures"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet[alphabet.index(one["sig"][85]) + 1]
    other = one["sig"][:85] + last + "=="
    assert base64.b64decode(other) == base64.b64decode(one["sig"])
    made["signatures"] = [one | {"sig": other}]
    assert refused(tmp_path / "c", canonical(made) + b"\n")


def test_a_statement_taken_out_of_its_envelope_is_refused(signed: Path, tmp_path: Path) -> None:
    payload = base64.b64decode(json.loads(signed.read_bytes())["payload"])
    assert refused(tmp_path / "c", payload + b"\n")


def test_who_forges_a_statement_has_not_the_key(
    signed: Path, key: Path, statement: dict[str, Any], tmp_path: Path
) -> None:
    public = keys.public(tmp_path / "key.pub")
    honest = json.loads(base64.b64decode(json.loads(signed.read_bytes())["payload"]))
    lie = forged(honest, attempts={"made": 1, "allowed": 1})
    # Under the old signature, with another key under the same name, and with no signature at all.
    (old,) = json.loads(signed.read_bytes())["signatures"]
    payload = base64.b64encode(lie[:-1]).decode()
    made: Any = {"payload": payload, "payloadType": envelope.PAYLOAD_TYPE, "signatures": [old]}
    assert refused(tmp_path / "c", canonical(made) + b"\n")
    assert refused(tmp_path / "c", lie)
    keys.make(tmp_path / "other")
    again = envelope.signed(lie[:-1], keys.signer(tmp_path / "other"))
    assert refused(tmp_path / "c", canonical(again) + b"\n")
    # Anyone can sign as himself, and anyone can leave the signature out: the given key tells.
    other = keys.signer(tmp_path / "other")
    himself = {"keyid": other.public_key.keyid, "public": keys.hexadecimal(other.public_key)}
    mine = canonical(envelope.signed(forged(honest, signer=himself)[:-1], other)) + b"\n"
    assert not refused(tmp_path / "c", mine)
    assert refused(tmp_path / "c", mine, public)
    assert refused(tmp_path / "c", forged(statement), public)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"null\n", b"[]\n", b"{}\n", b"1e999\n", b"NaN\n", b'"\\ud800"\n', b"\xff\n",
        b"[" * 100_000, b'{"a":' * 5000, b'{"payload":1}\n', b'{"payload":"e30="}\n',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}\n',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[1]}\n',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json",'
        b'"signatures":[{"keyid":"a","sig":"AA=="}]}\n',
    ],
)  # fmt: skip
def test_what_is_no_certificate_is_bad_input(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(content)
    assert isinstance(call("verify", tmp_path / "c.json").exception, NotACertificate)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("patch", 5), ("patch", None), ("instance", []), ("instance", {}), ("models", []),
        ("feedback", "none"), ("tests", {"before": {}, "after": {"a": 1}}), ("chain", None),
        ("attempts", {"made": "1", "allowed": 1}), ("signer", "me"), ("repository", ["a"]),
    ],
)  # fmt: skip
def test_fields_of_another_shape_are_named(
    statement: dict[str, Any], place: str, value: Any, tmp_path: Path
) -> None:
    statement["predicate"]["stillwater"][place] = value
    (tmp_path / "c").write_bytes(canonical(statement) + b"\n")
    with pytest.raises(NotACertificate, match=r"the field predicate\.stillwater|the field [a-z_]"):
        read(tmp_path / "c")


@pytest.mark.parametrize(
    "change",
    [
        {"FAIL_TO_PASS": []}, {"FAIL_TO_PASS": 5}, {"base_commit": "--upload-pack=touch"},
        {"base_commit": "HEAD"}, {"test_command": ["a"]}, {"test_patch": None},
    ],
)  # fmt: skip
def test_an_instance_that_is_none_is_refused(
    statement: dict[str, Any], change: dict[str, Any], tmp_path: Path
) -> None:
    instance = statement["predicate"]["stillwater"]["instance"] | change
    (tmp_path / "c").write_bytes(forged(statement, instance=instance))
    with pytest.raises(NotACertificate):
        read(tmp_path / "c")


def test_a_file_larger_than_any_certificate_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LARGEST", 100)
    (tmp_path / "c").write_bytes(b"x" * 101)
    with pytest.raises(NotACertificate, match="larger"):
        read(tmp_path / "c")


def test_nothing_of_a_stranger_reaches_the_terminal(
    statement: dict[str, Any], tmp_path: Path
) -> None:
    told = statement["predicate"]["stillwater"]
    evil = f"\x1b]0;title\x07\x1b[2J{SECRET}\nYes: it holds"
    instance = told["instance"] | {"instance_id": evil}
    models = [{"name": evil, "attempts": [1]}]
    (tmp_path / "c").write_bytes(
        forged(statement, instance=instance, models=models, repository=f"ext::{evil}")
    )
    done = call("verify", tmp_path / "c")
    assert SECRET in done.stdout
    assert "\x1b" not in done.output
    assert not any(line.startswith("Yes") for line in done.stdout.splitlines())
