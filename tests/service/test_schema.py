"""Nothing that the API answers is other than its description says, whatever it is asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from stillwater.service.app import application
from tests.patience import DEADLINE
from tests.service.conftest import World


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description, and behind it a service with a run that ended and one that waits."""
    folder: Path = tmp_path_factory.mktemp("service")
    world = World(folder)
    world.add("r-1")
    world.begin()
    world.until(lambda: world.finished("r-1"))
    world.worker.stop()
    assert world.worker.join(DEADLINE)
    world.add("r-2")
    yield schemathesis.openapi.from_asgi(
        "/api/openapi.json",
        application(world.service),
        headers={"Host": "127.0.0.1"},
    )
    world.close()


def test_the_api_is_as_it_is_described(described: Any) -> None:
    operations = list(described.exclude(path="/api/events").get_all_operations())
    for operation in operations:
        check(operation.ok())
    assert len(operations) >= 15


def check(operation: Any) -> None:
    """Ask it many things, right and wrong."""
    # Whether there is such a dataset, arm or setting no description can say.
    left_out: Any = [positive_data_acceptance] if operation.method == "post" else []

    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        case.call_and_validate(
            headers={"Host": "127.0.0.1"}, excluded_checks=left_out, timeout=DEADLINE
        )

    holds()
