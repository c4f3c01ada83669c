"""The same comparison in a terminal, as JSON, as Markdown and as a page."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

from tests.cli.conftest import Cli, cli

__all__ = ["cli"]


def test_a_person_reads_arms_pairs_and_what_only_one_repaired(cli: Cli, db: Path) -> None:
    told = cli.out("report", "compared", "--db", db)
    assert "Arms, on the same 8 instances" in told
    assert re.search(r"^direct +3 +8 +38% +14–69% +8 +100%", told, re.MULTILINE)
    assert re.search(r"^direct +feedback +all +1 +4 +2 +1 +0\.375", told, re.MULTILINE)
    assert re.search(r"^direct +feedback +1 +2 +0 +1 +5 +0\.500", told, re.MULTILINE)
    assert re.search(
        r"^feedback +moss__moss-4, moss__moss-5, moss__moss-6, tide__tide-3", told, re.M
    )
    assert "not a SWE-bench score" in told
    assert "Final: patch 1/8 (12%), direct 3/8 (38%), feedback 6/8 (75%)" in told


def test_success_at_k_ends_with_what_each_arm_was_allowed(cli: Cli, db: Path) -> None:
    told = json.loads(cli.out("report", "compared", "--json", "--db", db))
    rows = [(row["arm"], row["k"], row["verified"]) for row in told["success_at_k"]]
    assert rows == [
        ("direct", 1, 3), ("feedback", 1, 1), ("feedback", 2, 3), ("feedback", 3, 6),
        ("patch", 1, 1),
    ]  # fmt: skip


def test_json_has_the_whole_comparison(cli: Cli, db: Path) -> None:
    told = json.loads(cli.out("report", "compared", "--json", "--db", db))["comparison"]
    assert [one["arm"] for one in told["arms"]] == ["patch", "direct", "feedback"]
    assert told["arms"][2]["machines"][0]["instance_id"] == "tide__tide-0"
    assert told["pairs"][0]["whole"]["only_second"] == ["tide__tide-1", "tide__tide-2"]


def test_markdown_has_the_tables_and_no_markup_of_others(cli: Cli, db: Path) -> None:
    told = cli.out("report", "compared", "--markdown", "--db", db)
    assert told.startswith("# 3 arms compared on samples \\<b\\>\n")
    assert "| direct | 3 | 8 | 38% | 14–69% | 8 | 100% |" in told
    assert '- `patch`: `applying = "git"; attempts = 1`' in told


class Page(HTMLParser):
    """Counts elements, and whatever an element would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [
            str(value) for name, value in attrs if name in {"src", "href", "xlink:href", "data"}
        ]


def test_the_page_stands_alone_and_runs_nothing(cli: Cli, db: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    cli.out("report", "compared", "--html", file, "--db", db)
    text = file.read_text()
    page = Page()
    page.feed(text)
    assert page.tags.count("svg") == 5
    assert page.tags.count("table") == 8
    assert "script" not in page.tags
    assert page.loads == []
    assert "url(" not in text
    assert "samples &lt;b&gt;" in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_each_series_of_a_plot_is_named_beside_it(cli: Cli, db: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    cli.out("report", "compared", "--html", file, "--db", db)
    success, _, ends, *_ = re.findall(r"<figure>(.*?)</figure>", file.read_text(), re.DOTALL)
    told = json.loads(cli.out("report", "compared", "--json", "--db", db))
    arms = [one["arm"] for one in told["comparison"]["arms"]]
    assert re.findall(r"--series-(\d)\)\">(.*?)<", success) == list(
        zip("12345678", arms, strict=False)
    )
    assert len(re.findall(r"--series-\d\)\">", ends)) == len(set(re.findall(r"serie-\d+", ends)))


def test_a_run_of_one_arm_has_nothing_to_compare(cli: Cli, db: Path, tmp_path: Path) -> None:
    from stillwater.store import Store
    from tests.cli.conftest import create

    with Store.open(db) as store:
        create(store, "alone", ("a__a-1",))
    for words in (("--markdown",), ("--html", tmp_path / "x.html")):
        done = cli.refuses("report", "alone", *words, "--db", db)
        assert "has one arm and nothing to compare" in done
    assert not (tmp_path / "x.html").exists()
