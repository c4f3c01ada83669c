"""Fitting the weights by which files are ranked, and passages of files; needs numpy.

Both are a softmax over all that one instance offers, fitted by Adam with an L2 penalty.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

_L2, _STEPS, _PACE = 0.5, 600, 0.03


@dataclass(frozen=True)
class Offered:
    """What one instance offers: a row of `width` numbers for each, and which of them are right.

    `costs` are their tokens, where they differ.
    """

    repo: str
    width: int
    rows: "array[float]"
    right: Sequence[int]
    costs: "array[float]" = field(default_factory=lambda: array("d"))

    def matrix(self) -> "Array":
        """The rows."""
        import numpy as np

        return np.frombuffer(self.rows, float).reshape(-1, self.width)

    def within(self, scores: "Array", tokens: float) -> float:
        """The share of the right ones in those that fit `tokens` by their chance for their cost."""
        import numpy as np

        costs = np.frombuffer(self.costs, float)
        order = np.argsort(np.log(costs) - scores, kind="stable")
        fitting = order[np.cumsum(costs[order]) <= tokens]
        return len(set(fitting.tolist()) & set(self.right)) / len(self.right)


def fit(offered: Sequence[Offered]) -> "Array":
    """The weights under which the right ones are likeliest."""
    import numpy as np

    usable = [(one.matrix(), list(one.right)) for one in offered if one.right]
    w, first, second = (np.zeros(offered[0].width) for _ in range(3))
    for step in range(1, _STEPS + 1):
        slope = _L2 * w
        for matrix, right in usable:
            scores = matrix @ w
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            slope = slope + shares @ matrix - matrix[right].mean(axis=0)
        # Adam: Kingma and Ba, 2015.
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        w = w - _PACE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return w


def elsewhere(offered: Sequence[Offered]) -> "list[Array]":
    """The scores of each instance's rows, by weights fitted on the other repositories."""
    weights = {
        repo: fit([one for one in offered if one.repo != repo])
        for repo in sorted({one.repo for one in offered})
    }
    return [one.matrix() @ weights[one.repo] for one in offered]
