"""The names that people give to the official datasets, and the ones that the hub has them by."""

import difflib

HUB = {
    "full": "SWE-bench/SWE-bench",
    "lite": "SWE-bench/SWE-bench_Lite",
    "verified": "SWE-bench/SWE-bench_Verified",
    "multilingual": "SWE-bench/SWE-bench_Multilingual",
}


def hub_name(name: str) -> str | None:
    """The hub's name for an alias such as `lite`, `Verified` or `swe-bench_lite`, if it is one."""
    plain = name.casefold().replace("_", "-").removeprefix("swe-bench").removeprefix("swebench")
    if not plain:
        return HUB["full"] if name else None
    return HUB.get(plain.removeprefix("-"))


def nearest(name: str) -> str | None:
    """The alias that may have been meant."""
    found = difflib.get_close_matches(name.casefold(), [*HUB, "samples"], 1, 0.6)
    return found[0] if found else None
