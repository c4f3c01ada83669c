"""The statement: an in-toto test result about a patch, with all that a verifier needs inside.

The predicate is in-toto's own; what it has no field for is in its extension field `stillwater`. The
statement holds a digest of all the rest of itself, so that a byte changed by accident is found also
where nobody signed it.
"""

import copy
from collections.abc import Mapping
from typing import Any

from stillwater.canonical import Json, canonical, digest
from stillwater.certificates.evidence import Proof
from stillwater.grading import PASSING

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
EXTENSION = "stillwater"
SEAL = "sha256"
FORMAT = 1


def statement(proof: Proof, signer: Mapping[str, Json] | None) -> dict[str, Json]:
    """What is certified of a verified machine; `signer` is the key that will sign it, if any."""
    facts: dict[str, Json] = {"format": FORMAT, **proof.facts, "signer": signer}
    made: dict[str, Json] = {
        "_type": STATEMENT,
        "subject": [subject(proof.instance_id, proof.patch)],
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": "PASSED",
            "configuration": list(proof.configuration),
            "passedTests": passed(proof.after),
            "failedTests": [],
            EXTENSION: {**facts, SEAL: ""},
        },
    }
    return sealed(made)


def subject(instance_id: str, patch: str) -> dict[str, Json]:
    """What the statement is about: the patch, by its digest."""
    return {"name": f"{instance_id}.patch", "digest": {"sha256": digest(patch.encode())}}


def passed(after: Mapping[str, str]) -> list[Json]:
    """The tests that passed with the patch, by name."""
    return [test for test, status in sorted(after.items()) if status in PASSING]


def sealed(made: Mapping[str, Any]) -> dict[str, Any]:
    """The statement with the digest of all the rest of it."""
    whole = copy.deepcopy(dict(made))
    whole["predicate"][EXTENSION].pop(SEAL, None)
    seal = digest(canonical(whole))
    whole["predicate"][EXTENSION][SEAL] = seal
    return whole
