"""The rungs: one check of a run above the other, each with its result written as evidence.

`model.py` says what a rung finds, `ladder.py` which one needs which and where that is written.
641 is `machinery.py`: `canary.py` has instances that walk every edge of the graph in a sandbox.
274177 is `stress.py`: `flaky.py` tests verified `patches` again, in the random `orders` that
`shuffled.py` makes inside the sandbox. 65537 is `whole.py`: `afresh.py` tests their certificates
from nothing. Both test many at once in `slots`. What a rung makes on the way is `throwaway`.
Their names are 641 and 274177, the least factors of the Fermat numbers F5 and F6, and F4 = 65537.
"""

from stillwater.rungs.ladder import below, record
from stillwater.rungs.model import Asked, Finding, Result

__all__ = ["Asked", "Finding", "Result", "below", "record"]
