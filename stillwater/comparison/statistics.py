"""What chance alone would give: intervals of shares, and the exact test of paired outcomes."""

import math

CONFIDENCE = 0.95


def wilson(successes: int, total: int) -> tuple[float, float] | None:
    """The 95 % interval of a share after Wilson (1927, JASA 22, 209-212); None of nothing."""
    if not total:
        return None
    from scipy.stats import binomtest

    interval = binomtest(successes, total).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p-value of the exact test after McNemar (1947, Psychometrika 12, 153-157).

    Of the pairs that differ, each side is as likely under the hypothesis that nothing differs.
    """
    differing = only_first + only_second
    if not differing:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(only_first, differing).pvalue)


def newcombe(
    both: int, only_first: int, only_second: int, neither: int
) -> tuple[float, float] | None:
    """The 95 % interval of the first share less the second, both of the same instances.

    Method 10 of Newcombe (1998, Statistics in Medicine 17, 2635-2650): the two Wilson intervals,
    added as squares, less what the outcomes go together. None of nothing.
    """
    total = both + only_first + only_second + neither
    first, second = wilson(both + only_first, total), wilson(both + only_second, total)
    if first is None or second is None:
        return None
    one, two = (both + only_first) / total, (both + only_second) / total
    phi = _phi(both, only_first, only_second, neither)
    below, above = one - first[0], second[1] - two
    low = one - two - math.sqrt(below**2 - 2 * phi * below * above + above**2)
    below, above = two - second[0], first[1] - one
    high = one - two + math.sqrt(below**2 - 2 * phi * below * above + above**2)
    return max(low, -1.0), min(high, 1.0)


def _phi(both: int, only_first: int, only_second: int, neither: int) -> float:
    """How much the outcomes go together, from -1 to 1, corrected for continuity as there."""
    total = both + only_first + only_second + neither
    margins = (both + only_first) * (only_second + neither)
    margins *= (both + only_second) * (only_first + neither)
    if not margins:
        return 0.0
    product = both * neither - only_first * only_second
    corrected = max(product - total / 2, 0.0) if product > 0 else product
    return corrected / math.sqrt(margins)
