"""Every fault once, with a fixed seed; `make faults` plays them longer, at points of chance."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import ROOT
from tests.faults.campaign import Campaign
from tests.faults.databases import ELSEWHERE
from tests.faults.registry import FAULTS, Fault
from tests.faults.table import BEGIN, END, Record, write

SEED = "1"
SHORT = [one for one in FAULTS.values() if not one.is_long]


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    made = Campaign()
    yield made
    made.model.down()


@pytest.mark.slow
@pytest.mark.parametrize("fault", SHORT, ids=lambda one: one.name.replace(" ", "-"))
def test_a_run_survives(campaign: Campaign, fault: Fault) -> None:
    why = fault.missing()
    if why is not None:
        pytest.skip(why)
    assert campaign.play(fault, SEED).lost == 0


def test_the_tests_that_the_table_points_at_are_there() -> None:
    for one in ELSEWHERE:
        for name in one.tests:
            file, _, function = name.partition("::")
            assert f"def {function}" in (ROOT / file).read_text("utf-8"), name


def test_the_table_replaces_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    records = [Record("a|b", "how", times=2), Record("c", "how", skipped="no strace")]
    write(page, records, 7)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| a\\|b | how | 2 | 0 | 0 | 0 | survived |" in text
    assert "not played: no strace" in text
    assert "seed 7" in text
