"""Which database a person means, and that a password is nowhere to be seen."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from stillwater import where
from stillwater.errors import InputError
from stillwater.where import Server, database, folder, label

PASSWORD = "s3cr3t-enough"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://me:{PASSWORD}@h:5432/db", "postgresql://me@h:5432/db"),
        ("postgres://h/db", "postgresql://h/db"),
        (f"postgresql://h/db?oauth_client_secret={PASSWORD}", "postgresql://h/db"),
        (f"postgresql:///db?host=/tmp/s&password={PASSWORD}", "postgresql:///db?host=/tmp/s"),
        (f"postgresql://me:{PASSWORD}@[::1]:55/db", "postgresql://me@[::1]:55/db"),
        (
            "postgresql://a:1,b:2/db?options=-cgeqo%3Doff",
            "postgresql:///db?host=a,b&port=1,2&options=-cgeqo%3Doff",
        ),
        ("postgresql://a%40b:%2F%40@h/my%20db", "postgresql://a%40b@h/my%20db"),
    ],
)
def test_a_url_is_told_without_its_password_and_means_the_same(url: str, said: str) -> None:
    found = database(url)
    assert str(found) == said
    assert str(database(said)) == said
    assert PASSWORD not in f"{found!r} {where.folder(found)} {where.label(found)}"
    assert where.folder(found) == where.folder(database(said))
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"postgresql://me:{PASSWORD}/@h/db", "can't be read"),
        (f"postgresql://me:{PASSWORD}@x@h/db", "can't be read"),
        (f"postgresql://me:{PASSWORD}%zz@h/db", "can't be read"),
        (f"postgresql://me:{PASSWORD}@h", "ends with its name"),
        (f"postgresql:/me:{PASSWORD}@h/db", "is no file's name"),
        (f"host=h user=me password={PASSWORD} dbname=db", "is no file's name"),
        (f"password = '{PASSWORD}'", "is no file's name"),
        (f"mysql://me:{PASSWORD}@h/db", "nothing speaks mysql here"),
    ],
)
def test_a_url_that_means_nothing_gives_a_sentence_without_its_password(
    text: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        database(text)
    assert PASSWORD not in f"{caught.value} {caught.value.__cause__}"


def test_a_path_is_a_file_and_a_folder_is_none(tmp_path: Path) -> None:
    assert database("some.db") == Path("some.db")
    with pytest.raises(InputError, match="is a folder"):
        database(str(tmp_path))


def test_two_servers_databases_of_one_name_have_folders_of_their_own() -> None:
    one, other = database("postgresql://a/db"), database("postgresql://b/db")
    assert where.folder(one) != where.folder(other)
    assert where.folder(one).name.startswith(".db-")
    assert where.identity(one) == where.folder(one).name[1:]


def test_without_the_driver_a_sentence_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"pip install -e '\.\[postgres\]'"):
        database("postgresql://h/db")
    assert database("some.db") == Path("some.db")


def test_what_has_no_file_says_what_to_do_instead() -> None:
    found = Server({"dbname": "db", "host": "h", "password": PASSWORD})
    with pytest.raises(InputError, match=r"postgresql://h/db is no file .* pg_dump"):
        where.file_of(found, "use pg_dump")
    assert found.hide(f"no {PASSWORD}!") == "no [password]!"


def test_who_keeps_a_file_has_no_need_of_the_driver() -> None:
    code = (
        "import sys, stillwater.cli.main, stillwater.audit.whole; print('psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_database_has_one_folder_and_label_however_it_is_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "link.db").symlink_to(tmp_path / "a" / "x.db")
    monkeypatch.chdir(tmp_path / "b")
    names = [tmp_path / "a" / "x.db", Path("../a/x.db"), Path("link.db")]
    assert {folder(one) for one in names} == {tmp_path / "a" / ".x"}
    assert len({label(one) for one in names}) == 1
