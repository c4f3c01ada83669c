"""How a share is rounded, wherever one is shown."""


def percent(share: float) -> str:
    """`29%`, rounded, but 0% only for none and 100% only for all."""
    rounded = round(100 * share)
    return f"{min(99, max(1, rounded)) if 0 < share < 1 else rounded}%"
