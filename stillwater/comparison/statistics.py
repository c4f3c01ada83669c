"""What chance alone would give: intervals of shares, and the exact test of paired outcomes."""

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
