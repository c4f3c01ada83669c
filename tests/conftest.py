"""What every test may need: whether a Docker Engine answers."""

import os

import pytest


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """Skip where no engine answers; CI says that one must."""
    from stillwater.sandbox import engine_answers

    why = engine_answers()
    if why is not None:
        if os.environ.get("DOCKER_EXPECTED"):
            pytest.fail(f"CI promises a Docker Engine, but: {why}")
        pytest.skip(why)
