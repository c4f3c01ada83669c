"""SQL over the database: every question is answered, nothing is written, no query goes on."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwater.machine import Event
from stillwater.service.sql import CONTENT_SECURITY_POLICY, MOST_BYTES, questions
from tests.service.asked import Asked, asked, fill
from tests.store.stories import fire_on

ROOT = Path(__file__).parents[2]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
TOKEN = "a-secret-that-nobody-guesses"


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Asked]:
    """A service over a database whose name is a trap for whoever makes URIs of it."""
    with asked(tmp_path / "a b?mode=rwc#%41.db") as made:
        fill(made.store)
        yield made


def ask(made: Asked, sql: str) -> tuple[int, str]:
    answer = made.client.get("/sql/stillwater.json", params={"sql": sql, "_shape": "array"})
    return answer.status_code, answer.text


def test_anything_can_be_asked(answering: Asked) -> None:
    status, rows = ask(answering, "SELECT count(*) AS n FROM transitions WHERE event = 'passed'")
    assert (status, rows) == (200, '[{"n": 1}]')


def test_a_commit_is_seen_at_once(answering: Asked) -> None:
    before = ask(answering, "SELECT count(*) FROM transitions")
    fire_on(answering.store, 4, Event.READ)
    assert ask(answering, "SELECT count(*) FROM transitions") != before


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH DATABASE '/tmp/other.db' AS other",
        "DETACH main",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 7",
        "SELECT * FROM pragma_journal_mode('delete')",
        "SELECT * FROM pragma_writable_schema(1)",
        "INSERT INTO runs SELECT * FROM runs",
        "WITH x AS (SELECT 1) DELETE FROM machines",
        "WITH x AS (SELECT 1) UPDATE machines SET attempt = 99",
        "WITH x AS (SELECT 1) INSERT INTO epochs SELECT * FROM epochs",
        "CREATE TEMP TABLE t(x)",
        "VACUUM INTO '/tmp/copy.db'",
        "SELECT 1; DROP TABLE rungs",
        "SELECT load_extension('evil')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT * FROM fsdir('/')",
        "SELECT edit('x')",
        "SELECT * FROM sqlite_dbpage",
        "BEGIN IMMEDIATE",
    ],
)
def test_nothing_but_reading_is_done(answering: Asked, sql: str) -> None:
    db = answering.service.db
    assert isinstance(db, Path)
    answering.client.get("/sql/stillwater")
    before = (db.read_bytes(), sorted(path.name for path in db.parent.iterdir()))
    status, text = ask(answering, sql)
    assert status == 400, text
    assert (db.read_bytes(), sorted(path.name for path in db.parent.iterdir())) == before


def test_no_file_is_attached_by_the_address(answering: Asked) -> None:
    answering.client.get("/sql/stillwater?_attach=/etc/passwd&_extra=x")
    status, rows = ask(answering, "SELECT name FROM pragma_database_list")
    assert (status, rows) == (200, '[{"name": "main"}]')


def test_nothing_can_be_sent(answering: Asked) -> None:
    for path in ("/sql/stillwater", "/sql/stillwater/runs", "/sql/stillwater/why-verified"):
        answer = answering.client.post(path, data={"sql": "DELETE FROM runs"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "-/databases.json", "-/threads", "-/plugins.json", "-/metadata.json", "-/messages",
        "-/actor.json", "-/auth-token", "_internal", "_memory", "_memory.json?sql=select+1",
        "stillwaterx", "stillwater.db", "-/static/%2e%2e/app.py", "stillwater/nowhere",
    ],
)  # fmt: skip
def test_only_the_database_is_told(answering: Asked, path: str) -> None:
    assert answering.client.get(f"/sql/{path}").status_code in {403, 404}


def test_an_endless_query_is_cut_off_and_commits_go_on(answering: Asked) -> None:
    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(ask(answering, ENDLESS)))
    asking.start()
    fire_on(answering.store, 4, Event.READ)
    committed = 1
    while asking.is_alive():
        fire_on(answering.store, 4, Event.DEFER, {"reason": "model is down"})
        committed += 1
    asking.join()
    ((status, text),) = answers
    assert status == 400
    assert "took too long" in text
    assert len(answering.store.history(4)) == committed


def test_a_query_that_brings_too_much_is_ended(answering: Asked) -> None:
    status, text = ask(answering, f"SELECT zeroblob({MOST_BYTES // 4}) FROM transitions")
    assert status == 400
    assert "16 MiB" in text
    assert ask(answering, f"SELECT length(zeroblob({MOST_BYTES // 4})) AS n")[0] == 200


def test_only_so_many_rows_are_brought(answering: Asked) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    answer = answering.client.get("/sql/stillwater.json", params={"sql": f"{many} SELECT i FROM n"})
    assert (len(answer.json()["rows"]), answer.json()["truncated"]) == (1000, True)


def test_the_questions_of_the_audit_are_kept() -> None:
    text = (ROOT / "docs" / "audit.sql").read_text()
    audit = dict(
        re.findall(r"^-- name: (\S+)\n(?:-- [^\n]*\n)+(.*?);$", text, re.MULTILINE | re.DOTALL)
    )
    assert len(audit) == text.count("-- name: ")
    kept = {name: one["sql"] for name, one in questions().items()}
    assert {name: kept.get(name) for name in audit} == audit


def test_what_the_readme_asks_is_kept() -> None:
    """With more columns, perhaps, but about the same rows."""
    readme = re.findall(r"```sql\n(.*?);\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(readme) == 5
    kept = [one["sql"] for one in questions().values()]
    for sql in readme:
        rows = re.findall(r"(?:WHERE|FROM) [\w.]+(?: (?:=|<>) \S+)?", sql)[-1]
        assert any(rows in one for one in kept), rows


@pytest.mark.parametrize("name", list(questions()))
def test_each_kept_question_has_a_page_and_an_answer(answering: Asked, name: str) -> None:
    assert questions()[name]["title"].endswith((".", "?", ")"))
    rows = answering.client.get(f"/sql/stillwater/{name}.json?_shape=array")
    assert rows.status_code == 200, rows.text
    assert bool(rows.json()) == (name not in {"broken-links", "rungs"})
    page = answering.client.get(f"/sql/stillwater/{name}")
    assert page.status_code == 200
    assert name in answering.client.get("/sql/stillwater").text


def test_its_pages_may_run_no_script_and_need_none(answering: Asked) -> None:
    assert "script" not in CONTENT_SECURITY_POLICY
    for path in ("", "stillwater", "stillwater/transitions", "stillwater/attempts", "stillwater/x"):
        answer = answering.client.get(f"/sql/{path}")
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = answering.client.get("/sql/stillwater").text
    assert re.search(r'<form class="sql" action="/sql/stillwater" method="get">', page)
    assert re.search(r'<textarea id="sql-editor" name="sql"', page)
    assert '<input type="submit"' in page
    assert answering.client.get("/sql/-/static/app.css").status_code == 200


def test_a_mistake_is_told_to_who_made_it_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with asked(tmp_path / "s.db", TOKEN) as made:
        assert made.client.get("/sql/stillwater").status_code == 401
        made.client.headers["authorization"] = f"Bearer {TOKEN}"
        for sql in ("SELECT nothing", "DROP TABLE runs", "SELECT 1; SELECT 2"):
            assert ask(made, sql)[0] == 400
        assert made.client.get("/sql/stillwater/transitions").status_code == 200
    assert capfd.readouterr() == ("", "")


def test_when_all_is_closed_the_database_is_one_file(tmp_path: Path) -> None:
    db = tmp_path / "s.db"
    with asked(db) as made:
        fill(made.store)
        assert ask(made, "SELECT count(*) FROM transitions")[0] == 200
        assert made.client.get("/metrics").status_code == 200
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["s.db"]
