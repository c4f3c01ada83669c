"""What every test of evidence ends with: all of it holds."""

from stillwater.audit.whole import audit
from stillwater.where import Database


def holds(db: Database) -> bool:
    """Whether the audit of all that needs no derivation finds nothing; says what it found."""
    violation = audit(db).violation
    print(violation or "all holds")
    return violation is None
