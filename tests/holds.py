"""What every test of evidence ends with: all of it holds."""

from pathlib import Path

from stillwater.audit.whole import audit


def holds(db: Path) -> bool:
    """Whether the audit of all that needs no derivation finds nothing; says what it found."""
    violation = audit(db).violation
    print(violation or "all holds")
    return violation is None
