"""Signed heads of the chain: who can rewrite the file of heads can't sign what they put there."""

from dataclasses import replace

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

from stillwater.heads import Head

PURPOSE = b"stillwater head\n"
"""Signed along, so that no signature of anything else can stand for a head's."""


def sign(head: Head, signer: CryptoSigner) -> Head:
    """The head with its signature."""
    return replace(head, signature=signer.sign(_content(head)).signature)


def is_signed_by(head: Head, key: SSlibKey) -> bool:
    """Whether the key made the head's signature; False of a head without one."""
    if head.signature is None:
        return False
    try:
        key.verify_signature(Signature(key.keyid, head.signature), _content(head))
    except UnverifiedSignatureError:
        return False
    return True


def _content(head: Head) -> bytes:
    return PURPOSE + str(replace(head, signature=None)).encode()
