"""Ed25519 keys in PEM files: made, read, and how each is called."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from stillwater.errors import InputError

LARGEST = 1 << 16
"""Bytes of a file that may hold a key."""


class BadKey(InputError):
    """A file holds no key of the kind that is needed, or can't be read or written."""


def signer(file: Path) -> CryptoSigner:
    """The private key in the file, ready to sign; its content is never told.

    Raises:
        BadKey: the file can't be read, or holds no ed25519 private key without a password.
    """
    try:
        key = pem.load_pem_private_key(_content(file), None)
    except TypeError as error:
        raise BadKey(f"{file}: the key has a password; give one without") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey(
            f"{file} is no private key in PEM: make one with `stillwater key new FILE`"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(
            f"{file} is no ed25519 key: make one with `stillwater key new FILE`, or "
            "`openssl genpkey -algorithm ed25519`"
        )
    return CryptoSigner(key)


def public(file: Path) -> SSlibKey:
    """The public key in the file.

    Raises:
        BadKey: the file can't be read, or holds no ed25519 public key.
    """
    content = _content(file)
    if b"PRIVATE KEY" in content:
        raise BadKey(f"{file} is a private key: keep it, and give the public one")
    try:
        key = pem.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey(
            f"{file} is no public key in PEM: `openssl pkey -in KEY -pubout` writes one"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey(f"{file} is no ed25519 key")
    return SSlibKey.from_crypto(key)


def named(public_hex: str) -> SSlibKey | None:
    """The public key of these 32 bytes in hexadecimal, named by its digest; None if it is none."""
    try:
        return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex)))
    except ValueError:
        return None


def hexadecimal(key: SSlibKey) -> str:
    """The public key's 32 bytes, as `named` takes them."""
    return str(key.keyval["public"])


def make(file: Path) -> tuple[Path, SSlibKey]:
    """A new key: the private one in `file`, readable by its owner alone; where the public one is.

    Raises:
        BadKey: one of the files exists, or can't be written.
    """
    key = Ed25519PrivateKey.generate()
    beside = file.with_name(f"{file.name}.pub")
    private = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    shown = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    for path, content, mode in ((beside, shown, 0o644), (file, private, 0o600)):
        _write_new(path, content, mode)
    return beside, SSlibKey.from_crypto(key.public_key())


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
    except FileExistsError as error:
        raise BadKey(f"{path} is there already: name another file") from error
    except OSError as error:
        raise BadKey(f"{path} can't be written: {error.strerror or error}") from error


def _content(file: Path) -> bytes:
    try:
        with file.expanduser().open("rb") as opened:
            return opened.read(LARGEST)
    except OSError as error:
        raise BadKey(f"the key {file} can't be read: {error.strerror or error}") from error
