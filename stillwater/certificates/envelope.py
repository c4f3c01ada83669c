"""The envelope (DSSE) that a signed statement is sent in: made, and held against a key."""

import binascii
from collections.abc import Mapping

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from stillwater.canonical import Json

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def signed(statement: bytes, signer: CryptoSigner) -> dict[str, Json]:
    """The envelope of the statement, signed."""
    made = Envelope(statement, PAYLOAD_TYPE, {})
    made.sign(signer)
    return dict(made.to_dict())


def opened(value: Mapping[str, object]) -> Envelope | None:
    """The envelope that a file's JSON is, with one signature; None if it is no such envelope."""
    payload, signatures = value.get("payload"), value.get("signatures")
    if value.get("payloadType") != PAYLOAD_TYPE or not isinstance(payload, str):
        return None
    if not isinstance(signatures, list) or len(signatures) != 1:
        return None
    one = signatures[0]
    if not isinstance(one, dict) or not all(isinstance(one.get(k), str) for k in ("keyid", "sig")):
        return None
    given = {"payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": [dict(one)]}
    try:
        found = Envelope.from_dict(given)
    except (ValueError, KeyError, binascii.Error):
        return None
    # Base64 may say the same in several ways; only one is taken, so that no byte can change.
    return found if found.to_dict() == value else None


def is_signed_by(envelope: Envelope, key: SSlibKey) -> bool:
    """Whether the key made the envelope's signature over what is in it."""
    try:
        envelope.verify([key], 1)
    except VerificationError:
        return False
    return True
