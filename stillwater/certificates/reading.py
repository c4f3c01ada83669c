"""Reading a certificate, of which nothing is trusted: neither its shape nor what it says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from stillwater.canonical import canonical
from stillwater.certificates import envelope, keys
from stillwater.certificates.statement import EXTENSION, SEAL, passed, sealed, subject
from stillwater.datasets import Instance
from stillwater.errors import InputError

LARGEST = 64 << 20
"""Bytes of a file that may be a certificate."""
UNSIGNED = "Signed by nobody: anyone can have written it, so only what is run here counts."
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_DIGEST = r"^[0-9a-f]{64}$"


class NotACertificate(InputError):
    """The file is no certificate, or bytes were changed so that it can't be read as one."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Attempts(_Model):
    """How many attempts the machine made, and how many it was allowed."""

    made: int
    allowed: int


class Asked(_Model):
    """A model that was asked, in these attempts."""

    name: str
    digest: str | None = None
    attempts: list[int]


class Tests(_Model):
    """The status of each judged test, without and with the patch."""

    before: dict[str, str]
    after: dict[str, str]


class Environment(_Model):
    """What the tests ran in; `digest` is the image's."""

    sandbox: str
    image: str | None
    digest: str | None


class Head(_Model):
    """A head of the chain of evidence."""

    id: int
    sha256: str = Field(pattern=_DIGEST)
    at: str


class Signer(_Model):
    """The key that signs, by its name and its 32 bytes in hexadecimal."""

    keyid: str
    public: str


class Facts(_Model):
    """The field `stillwater` of the predicate, as far as it is needed to verify."""

    patch: str
    instance: dict[str, Any]
    repository: str | None
    run: str
    arm: str
    models: list[Asked] = Field(min_length=1)
    feedback: Literal["tests", "visible"]
    attempts: Attempts
    tests: Tests
    environment: Environment
    chain: Head
    signer: Signer | None
    sha256: str = Field(pattern=_DIGEST)


class _Predicate(_Model):
    result: Literal["PASSED"]
    passed: list[str] = Field(alias="passedTests")
    failed: list[str] = Field(alias="failedTests")
    stillwater: Facts


class _Statement(_Model):
    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1)]
    predicate_type: Literal["https://in-toto.io/attestation/test-result/v0.1"] = Field(
        alias="predicateType"
    )
    predicate: _Predicate


@dataclass(frozen=True)
class Certificate:
    """What a file states, and `envelope` where it is signed.

    `changed` says why its parts don't fit each other, None where they do.
    """

    facts: Facts
    instance: Instance
    envelope: Envelope | None
    changed: str | None


@dataclass(frozen=True)
class Signature:
    """Whether a certificate may count by its signature, and who signed it, in one sentence."""

    holds: bool
    told: str


def read(file: Path) -> Certificate:
    """The certificate in the file.

    Raises:
        NotACertificate: the sentence says what is wrong with it.
    """
    content = _content(file)
    value = _json(content, str(file))
    if canonical(value) + b"\n" != content:
        raise NotACertificate(
            f"{file} is not as it was exported: bytes were changed, or it was formatted anew"
        )
    if "payload" not in value:
        return _certificate(value, None, str(file))
    opened = envelope.opened(value)
    if opened is None:
        raise NotACertificate(f"{file} is no envelope (DSSE) with one signature")
    stated = _json(opened.payload, f"{file}, its payload")
    if canonical(stated) != opened.payload:
        raise NotACertificate(f"{file}: its payload is not in canonical form")
    return _certificate(stated, opened, str(file))


def signature(certificate: Certificate, given: SSlibKey | None) -> Signature:
    """Who signed it, against the key that was `given`, if one was."""
    named = certificate.facts.signer
    if certificate.envelope is None:
        if named is not None:
            told = f"it was to be signed by the key {named.keyid}, and carries no signature"
            return Signature(False, told)
        return Signature(given is None, UNSIGNED if given is None else "it is signed by nobody")
    key = keys.named(named.public) if named else None
    if key is None or named is None or key.keyid != named.keyid:
        return Signature(False, "it is signed, but doesn't say by which key")
    if not envelope.is_signed_by(certificate.envelope, key):
        return Signature(False, f"it was changed after the key {key.keyid} signed it")
    return _against(key, given)


def _against(key: SSlibKey, given: SSlibKey | None) -> Signature:
    if given is None:
        told = f"Signed by the key {key.keyid}, which came with it: --public-key says whose it is."
        return Signature(True, told)
    if given.keyid != key.keyid:
        told = f"it is signed by the key {key.keyid}, not by the given one, {given.keyid}"
        return Signature(False, told)
    return Signature(True, f"Signed by the given key, {key.keyid}.")


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise NotACertificate(f"{file} can't be read: {error.strerror or error}") from error
    if len(content) > LARGEST:
        raise NotACertificate(f"{file} is larger than any certificate ({LARGEST} bytes)")
    return content


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
        canonical(value)
    except (ValueError, RecursionError) as error:
        raise NotACertificate(f"{where} is no JSON of a certificate: {error}") from error
    if not isinstance(value, dict):
        raise NotACertificate(f"{where} is no certificate: it is no JSON object")
    return value


def _certificate(stated: Mapping[str, Any], opened: Envelope | None, where: str) -> Certificate:
    try:
        checked = _Statement.model_validate(stated)
        instance = Instance.model_validate(checked.predicate.stillwater.instance)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise NotACertificate(
            f"{where} is no certificate of Stillwater's: the field {field}: {first['msg'].lower()}"
        ) from error
    if not instance.FAIL_TO_PASS:
        raise NotACertificate(f"{where}: its instance names no test in FAIL_TO_PASS")
    if not _COMMIT.fullmatch(instance.base_commit):
        raise NotACertificate(f"{where}: its base_commit is no commit's id")
    facts = checked.predicate.stillwater
    return Certificate(facts, instance, opened, _changed(stated, checked, instance))


def _changed(stated: Mapping[str, Any], checked: _Statement, instance: Instance) -> str | None:
    """Why the parts of a statement can't all be as they were written."""
    predicate, facts = checked.predicate, checked.predicate.stillwater
    if sealed(stated)["predicate"][EXTENSION][SEAL] != facts.sha256:
        return "it was changed: it has not the digest that it states of itself"
    if checked.subject[0] != subject(instance.instance_id, facts.patch):
        return "its patch is not the one that it is about, by the digest"
    if predicate.failed or predicate.passed != passed(facts.tests.after):
        return "the tests that it calls passed are not those that passed with the patch"
    return None
