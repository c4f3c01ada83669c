"""Editable installs: what a person's environment imports from the project's own folder.

Tests run on a copy of the project elsewhere, where that folder is hidden, or is the code unpatched.
"""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

_QUOTED = re.compile(r"""['"](/[^'"\n]+)['"]""")


def importing_the_copy(command: str, top: Path, path: str | None) -> str:
    """The command, so that what PATH's environments import from `top` is the copy it starts in."""
    folders = sources(top, path)
    if not folders:
        return command
    copies = ":".join(f'"$PWD"/{shlex.quote(one)}' if one != "." else '"$PWD"' for one in folders)
    return f"export PYTHONPATH={copies}${{PYTHONPATH:+:$PYTHONPATH}}; {command}"


def sources(top: Path, path: str | None) -> list[str]:
    """The folders of the project at `top`, relative to it, that PATH's environments import from.

    Both ways of PEP 660 are read: lines of .pth files, and the mapping that setuptools' finders
    hold, whose packages lie in the folders to import from.
    """
    found = dict.fromkeys(
        folder.resolve().relative_to(top.resolve()).as_posix()
        for site in _sites(path or "")
        for folder in (*_listed(site), *_mapped(site))
        if folder.resolve().is_relative_to(top.resolve()) and folder.is_dir()
    )
    return list(found)


def _sites(path: str) -> Iterator[Path]:
    for name in filter(os.path.isabs, path.split(os.pathsep)):
        yield from sorted((Path(name).parent / "lib").glob("python3*/site-packages"))


def _listed(site: Path) -> Iterator[Path]:
    for file in sorted(site.glob("*.pth")):
        for line in _text(file).splitlines():
            if (named := Path(line.strip())).is_absolute():
                yield named


def _mapped(site: Path) -> Iterator[Path]:
    for file in sorted(site.glob("__editable__*.py")):
        for named in _QUOTED.findall(_text(file)):
            yield Path(named).parent


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
