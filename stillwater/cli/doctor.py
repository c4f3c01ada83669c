"""`stillwater doctor`: whether a run could start here, and what to do about what is missing."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from stillwater import __version__
from stillwater import config as configuration
from stillwater.cli.plain import console
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.cli.status import alive
from stillwater.config import Config
from stillwater.errors import InputError, StillwaterError
from stillwater.secrets import hide_all
from stillwater.telling.text import one_line
from stillwater.where import Database, Server
from stillwater.where import folder as folder_of

if TYPE_CHECKING:
    from stillwater.models.reach import Reach

LEAST_DISK = 1 << 30
GIB = 1 << 30
NOT_READY = 1
PROBE_SECONDS = 3.0
WEAK = frozenset({"network", "writes"})
"""The walls without which a test that a model broke can harm the machine or reach out."""


@dataclass(frozen=True)
class Check:
    """One thing looked at. `needed` says whether a run can't start without it."""

    name: str
    ok: bool
    told: str
    remedy: str = ""
    needed: bool = False


def command(
    *,
    config: Annotated[
        Path | None, typer.Option("--config", help="TOML file instead of ./stillwater.toml.")
    ] = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Check what this machine offers: database, sandboxes, models; say what to do."""
    settings, loaded = _settings(config)
    out = console()
    hide = _hider(settings)
    checks: list[Check] = []
    for check in _checks(settings, loaded, db):
        _print(out, check, hide)
        checks.append(check)
    problem = missing(checks, settings)
    ready = f"A run can't start: {problem}." if problem else "A run can start: stillwater run"
    out.print(Text(f"\n{ready}", style="red" if problem else "green"))
    if problem:
        raise typer.Exit(NOT_READY)


def missing(checks: list[Check], settings: Config) -> str | None:
    """What keeps a run from starting, or None."""
    for check in checks:
        if check.needed and not check.ok:
            return f"see {check.name} above"
    if not any(check.ok for check in checks if check.name.startswith("model ")):
        return "no model can be reached"
    kinds = ("docker", "local") if settings.sandbox == "auto" else (settings.sandbox,)
    if not any(check.ok for check in checks if check.name in {f"sandbox {k}" for k in kinds}):
        return f"no sandbox works ({' or '.join(kinds)})"
    return None


def _settings(file: Path | None) -> tuple[Config, Check]:
    try:
        settings = configuration.load(file=file)
    except InputError as error:
        told = Check("configuration", False, str(error), "correct it", needed=True)
        return Config.model_construct(), told
    where = file or (configuration.TOML if configuration.TOML.is_file() else "defaults")
    return settings, Check("configuration", True, str(where), needed=True)


def _checks(settings: Config, loaded: Check, db: Database) -> Iterator[Check]:
    yield Check("Stillwater", True, __version__)
    yield _python()
    yield _sqlite()
    yield _git()
    yield loaded
    yield _server(db) if isinstance(db, Server) else _database(db)
    yield _disk(db)
    yield from _docker(settings)
    yield _local()
    for model in settings.models:
        yield _model(model, settings)


def _python() -> Check:
    good = sys.version_info >= (3, 11)
    return Check("Python", good, platform.python_version(), "install Python 3.11 or later")


def _sqlite() -> Check:
    import pysqlite3.dbapi2 as sqlite

    from stillwater.store.engine import healthy

    version = sqlite.sqlite_version
    if healthy(sqlite.sqlite_version_info):
        return Check("SQLite", True, f"{version}, without the WAL-reset defect", needed=True)
    told = f"{version} has the WAL-reset defect, which can corrupt a database"
    return Check("SQLite", False, told, "install pysqlite3 with SQLite 3.51.3 or later", True)


def _git() -> Check:
    from stillwater.git import git

    try:
        told = git("--version").stdout.decode("utf-8", "replace").strip()
    except StillwaterError as error:
        return Check("git", False, str(error), "install git", needed=True)
    return Check("git", bool(told), told or "says nothing", "install git", needed=True)


def _database(db: Path) -> Check:
    folder = db.absolute().parent
    if not db.exists():
        if folder.is_dir() and os.access(folder, os.W_OK):
            return Check("database", True, f"none yet at {db}; a run makes it", needed=True)
        told = f"{folder} is no folder that can be written"
        return Check("database", False, told, "make it, or give another --db", needed=True)
    try:
        schema, held = _opened(db)
    except StillwaterError as error:
        return Check("database", False, str(error), "give another --db", needed=True)
    if not (os.access(db, os.W_OK) and os.access(folder, os.W_OK)):
        told = f"{db} can only be read"
        return Check("database", False, told, "make it and its folder writable", needed=True)
    if held:
        told = f"{db}, schema {schema}; {held} works on it"
        return Check("database", False, told, "wait for it, or give another --db", needed=True)
    return Check("database", True, f"{db}, schema {schema}, writable", needed=True)


def _server(db: Server) -> Check:
    from stillwater.store.postgresql.connect import state
    from stillwater.store.postgresql.lease import holder

    try:
        schema, found = state(db), holder(db)
    except StillwaterError as error:
        return Check("database", False, str(error), "check the URL and the role", needed=True)
    if found:
        told = f"{db}, schema {schema}; a scheduler works on it"
        return Check("database", False, told, "wait for it, or give another --db", needed=True)
    told = f"{db}, schema {schema}" if schema else f"{db} is empty; a run makes its tables"
    return Check("database", True, told, needed=True)


def _opened(db: Path) -> tuple[str | None, str | None]:
    """The schema of the database, and the scheduler that holds it, if it lives."""
    from stillwater.store import engine, migrate
    from stillwater.store.lease import holder, is_silent

    connection = engine.connect(db, read_only=True)
    try:
        schema = migrate.revision(engine.driver(connection), db)
    finally:
        connection.close()
    found = holder(db)
    if found is None or not alive(found) or is_silent(found):
        return schema, None
    return schema, f"pid {found.get('pid')}"


def _disk(db: Database) -> Check:
    folder = folder_of(db).parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    told = f"{free / GIB:.1f} GiB free in {folder}"
    return Check("disk", free >= LEAST_DISK, told, "free some space: a run may need gigabytes")


def _docker(settings: Config) -> Iterator[Check]:
    from stillwater.sandbox.engine import engine_answers

    silence = engine_answers()
    if silence is not None:
        yield Check("sandbox docker", False, silence, "start Docker, or set DOCKER_HOST")
        return
    yield Check("sandbox docker", True, "the engine answers")
    yield _image(settings.docker_image)


def _image(image: str) -> Check:
    from stillwater.sandbox import engine
    from stillwater.sandbox.protocol import SandboxError

    try:
        with engine.connect(PROBE_SECONDS) as client:
            client.images.get(image)
    except SandboxError:
        remedy = f"the first run fetches it, or: docker pull {image}"
        return Check("docker image", False, f"{image} isn't here yet", remedy)
    return Check("docker image", True, image)


def _local() -> Check:
    from stillwater.sandbox.local import LocalSandbox

    try:
        # A folder of its own: looking must leave nothing beside the database.
        with tempfile.TemporaryDirectory(prefix="stillwater-") as home:
            walls = dict(LocalSandbox(Path(home)).walls())
    except (StillwaterError, OSError) as error:
        return Check("sandbox local", False, str(error), "see the sentence above, or use Docker")
    told = "; ".join(f"{wall}: {maker}" for wall, maker in walls.items())
    thin = sorted(wall for wall in WEAK if walls.get(wall) == "none")
    if not thin:
        return Check("sandbox local", True, told)
    remedy = f"nothing walls {' and '.join(thin)}: install bubblewrap, or allow user namespaces"
    return Check("sandbox local", True, told, remedy)


def _model(model: str, settings: Config) -> Check:
    from stillwater.models.chain import bases_of, reach_any

    name = f"model {model}"
    try:
        found = reach_any(model, bases_of(settings), settings.key)
    except InputError as error:
        return Check(name, False, str(error), "mend the setting endpoints")
    except (HTTPException, ValueError) as error:
        return Check(name, False, f"its server can't be understood: {error}", "check api_base")
    if found.problem is not None:
        return Check(name, False, found.problem, found.remedy)
    return _reached(name, found, settings)


def _reached(name: str, found: "Reach", settings: Config) -> Check:
    if found.absent:
        return Check(name, True, f"answers, but not everywhere: {'; '.join(found.absent)}")
    if found.context is None:
        return Check(name, True, "answers")
    told = f"answers; context {found.context:,} tokens, num_ctx is {settings.num_ctx:,}"
    if found.context < settings.num_ctx:
        return Check(name, True, told, f"a run uses {found.context:,}, or set num_ctx")
    return Check(name, True, told)


def _hider(settings: Config) -> Callable[[str], str]:
    """What removes keys, and credentials within URLs, from a text."""
    return lambda text: hide_all(text, settings.key)


def _print(out: Console, check: Check, hide: Callable[[str], str]) -> None:
    line = Text("ok  " if check.ok else "no  ", style="green" if check.ok else "red")
    line.append(f"{check.name:<15} {one_line(hide(check.told), 400)}", style="default")
    out.print(line)
    if check.remedy and (not check.ok or check.name.startswith(("sandbox", "model"))):
        out.print(Text(f"    → {one_line(hide(check.remedy), 400)}", style="yellow"))
