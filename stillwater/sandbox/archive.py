"""Trees as tar archives, for putting them into containers."""

import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def archive(
    trees: Iterable[tuple[Path, str]],
    owner: int,
    folders: Iterable[str] = (),
    files: Iterable[tuple[str, bytes]] = (),
) -> Iterator[IO[bytes]]:
    """An archive of each tree under its name, of empty folders and of small files, owner's all.

    Modes and symlinks are kept; a `.git` at a tree's top, sockets and devices are left out.
    """
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for folder in folders:
                tar.addfile(_owned(tarfile.TarInfo(folder), owner, tarfile.DIRTYPE))
            for tree, name in trees:
                _add(tar, tree, name, owner)
            for name, content in files:
                info = _owned(tarfile.TarInfo(name), owner, tarfile.REGTYPE)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        file.seek(0)
        yield file


def _owned(info: tarfile.TarInfo, owner: int, kind: bytes) -> tarfile.TarInfo:
    info.type = kind
    info.uid = info.gid = owner
    info.mode = 0o755
    return info


def _add(tar: tarfile.TarFile, tree: Path, name: str, owner: int) -> None:
    def keep(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if info.name == f"{name}/.git" or not (
            info.isreg() or info.isdir() or info.issym() or info.islnk()
        ):
            return None
        info.uid = info.gid = owner
        info.uname = info.gname = ""
        return info

    tar.add(tree, name, filter=keep)
