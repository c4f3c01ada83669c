"""The ladder: a rung needs the one below it, found to hold of the same run by the same version."""

from stillwater import __version__
from stillwater.errors import InputError
from stillwater.rungs.model import Result
from stillwater.store import NewRung, RungRow, Store
from stillwater.store.schema import RUNGS


def below(store: Store, run_id: str, rung: int) -> RungRow | None:
    """What was written last of the rung below; None for the lowest, which needs none.

    Raises:
        InputError: it was never tried of the run, or doesn't hold, or not of what is there now.
    """
    at = RUNGS.index(rung)
    if at == 0:
        return None
    needed = RUNGS[at - 1]
    found = next((one for one in reversed(store.rungs(run_id)) if one.rung == needed), None)
    why = _why_not(found)
    if why is not None or found is None:
        raise InputError(
            f"rung {rung} needs rung {needed} of run {run_id}, which {why}: "
            f"stillwater verify {run_id} --rung {needed}"
        )
    return found


def _why_not(found: RungRow | None) -> str | None:
    if found is None:
        return "was not tried yet"
    if not found.holds:
        return "did not hold when it was last tried"
    if found.version != __version__:
        return f"was tried with Stillwater {found.version}, and this is {__version__}"
    if not found.stands:
        return "was tried of another chain than the database has now"
    return None


def record(store: Store, result: Result) -> int:
    """Write the result into the database, whose lease the caller holds; its id."""
    new = NewRung(result.run_id, result.rung, result.holds, __version__, result.evidence())
    return store.add_rung(new)
