"""A plugin of pytest's that runs the tests in the order of a seed. Runs inside the sandbox.

It is given to whatever pytest the tests run on, so it is written for Python 3.6 and later.
STILLWATER_ORDER_SEED is the seed. That it ran is told at the end, for a test command may pass by.
"""

import os
import random

import pytest

SEED = os.environ.get("STILLWATER_ORDER_SEED", "")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: "list[pytest.Item]") -> None:
    """Shuffle them, after all that others do to their order."""
    random.Random(SEED).shuffle(items)


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Tell in which order they ran."""
    terminalreporter.write_line("STILLWATER-ORDER " + SEED)
