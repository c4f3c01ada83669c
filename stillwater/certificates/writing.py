"""Writing a certificate: the statement in canonical JSON, in its envelope where it is signed."""

from securesystemslib.signer import CryptoSigner

from stillwater.canonical import Json, canonical
from stillwater.certificates import envelope, keys
from stillwater.certificates.evidence import gather
from stillwater.certificates.statement import statement
from stillwater.store import MachineRow, RunRow, Store


def certificate(
    store: Store, run: RunRow, machine: MachineRow, patch: bytes, signer: CryptoSigner | None
) -> bytes:
    """The certificate of a verified machine, the same bytes every time; signed if by `signer`.

    Raises:
        InputError: what the database holds of the machine is no proof.
    """
    named: dict[str, Json] | None = None
    if signer:
        key = signer.public_key
        named = {"keyid": key.keyid, "keytype": key.keytype, "public": keys.hexadecimal(key)}
    content = canonical(statement(gather(store, run, machine, patch), named))
    if signer:
        content = canonical(envelope.signed(content, signer))
    return content + b"\n"
