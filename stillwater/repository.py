"""Repositories of instances: fetched once, read by commit, laid out as throwaway work trees."""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from stillwater.canonical import digest
from stillwater.datasets.instance import Instance
from stillwater.git import FetchError, RepositoryError, check_size, git, last_line
from stillwater.known import FEW, Recent, blobs_and_sizes
from stillwater.refusals import tells_of_one
from stillwater.sandbox import scratch

BUNDLED = "bundled:"
NAMELESS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no edit may name, no prompt shows on one line and no evidence can hold."""
LARGEST_FILE = 1 << 20
"""Bytes of a file that is read: parsing one takes some hundred times its size."""
_NAMED = re.compile(r"^(?:--- a/|\+\+\+ b/|(?:rename|copy) (?:from|to) )([^\t\n]+)", re.MULTILINE)
UNMADE = ("invalid path", "File name too long")
"""Git's words for what no file system, or no safe one, can hold."""


@dataclass(frozen=True)
class Repositories:
    """The cache of repositories under `home`, and the work trees made from them.

    What another home's cache (`lender`) holds is read there; nothing is written to it.
    """

    home: Path
    template: str
    lender: Path | None = None
    _recent: Recent = field(default_factory=Recent, init=False, repr=False, compare=False)
    _seen: set[tuple[Path, str, int]] = field(
        default_factory=set, init=False, repr=False, compare=False
    )
    """The commits that git has said a store holds, and the store's age."""

    def url(self, instance: Instance) -> str:
        """Where the instance's repository comes from."""
        if instance.repo_url:
            return instance.repo_url
        owner, _, name = instance.repo.partition("/")
        return self.template.format(owner=owner, name=name)

    def is_local(self, instance: Instance) -> bool:
        """Whether the repository is bundled or a path of this machine."""
        url = self.url(instance)
        return url.startswith(BUNDLED) or Path(url).expanduser().exists()

    def ensure(self, instance: Instance) -> Path:
        """A git directory that holds the instance's base commit, fetched if need be.

        Raises:
            RepositoryError: no such repository or commit.
            FetchError: the network or the disk doesn't let it be fetched.
        """
        held = self.held(instance)
        if held is not None:
            return held
        url, store = self.url(instance), self._store(self.home, instance)
        try:
            store.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FetchError(f"{store.parent} can't be made: {error.strerror}") from error
        with FileLock(f"{store}.lock"):
            if not self._holds(store, instance.base_commit):
                self._fetch(url, store, instance)
        return store

    def held(self, instance: Instance) -> Path | None:
        """That git directory if it is there and holds the base commit; nothing is fetched."""
        homes = [home for home in (self.home, self.lender) if home is not None]
        stores = [self._store(home, instance) for home in homes]
        return next((one for one in stores if self._holds(one, instance.base_commit)), None)

    def _store(self, home: Path, instance: Instance) -> Path:
        return home / "repositories" / f"{digest(self.url(instance).encode())[:16]}.git"

    def _holds(self, store: Path, commit: str) -> bool:
        try:
            age = (store / "HEAD").stat().st_mtime_ns
        except OSError:
            return False
        if (store, commit, age) in self._seen:
            return True
        wanted = f"{commit}^{{tree}}"
        if git("-C", str(store), "rev-parse", "-q", "--verify", wanted).returncode:
            return False
        self._seen.add((store, commit, age))
        return True

    def _fetch(self, url: str, store: Path, instance: Instance) -> None:
        if url.startswith(BUNDLED):
            from stillwater.samples import materialise

            source = str(self.home / "bundled" / url.removeprefix(BUNDLED))
            materialise(url.removeprefix(BUNDLED), Path(source))
        else:
            source = (
                str(Path(url).expanduser().absolute()) if Path(url).expanduser().exists() else url
            )
        made = git("init", "-q", "--bare", str(store))
        if made.returncode:
            raise FetchError(f"{store}: can't be made: {last_line(made.stderr)}")
        _unlock(store)
        commit = instance.base_commit
        fetch = ("-C", str(store), "fetch", "-q", "--no-tags", "--no-write-fetch-head")
        keep = f"+{commit}:refs/bases/{commit}"
        # After `--` no source is an option: --upload-pack names a program to run.
        if git(*fetch, "--depth", "1", "--", source, keep, leashed=True).returncode == 0:
            return
        whole = git(*fetch, "--", source, "+refs/*:refs/origin/*", leashed=True)
        if whole.returncode:
            where = f"{instance.instance_id}: the repository {url}"
            of_the_world = whole.returncode < 0 or tells_of_one(whole.stderr)
            if Path(source).is_absolute() and not of_the_world:
                raise RepositoryError(f"{where} can't be read: {last_line(whole.stderr)}")
            raise FetchError(f"{where} can't be fetched: {last_line(whole.stderr)}")
        if not self._holds(store, commit):
            raise RepositoryError(
                f"{instance.instance_id}: the repository {url} has no commit {commit}; "
                "check base_commit"
            )

    def paths(self, store: Path, commit: str) -> dict[str, str]:
        """Every file of the commit that can be shown and edited, with its blob's name.

        No symlinks and no submodules, no names that a line can't hold, nothing gigantic.
        """
        return {
            path: blob
            for path, (blob, size) in blobs_and_sizes(store, commit).items()
            if size <= LARGEST_FILE and not NAMELESS.search(path)
        }

    def texts(self, store: Path, blobs: Mapping[str, str]) -> dict[str, str]:
        """The text of each path in `blobs` (path to blob name); what isn't UTF-8 is left out."""
        found = self._recent.get(blobs)
        missing = {path: blob for path, blob in blobs.items() if path not in found}
        if missing:
            read = self._read(store, missing)
            if len(missing) <= FEW:
                for path, text in read.items():
                    self._recent.put(missing[path], text)
            found |= read
        return {path: found[path] for path in blobs if path in found}

    def _read(self, store: Path, blobs: Mapping[str, str]) -> dict[str, str]:
        names = "".join(f"{blob}\n" for blob in blobs.values()).encode()
        output = self._out(store, "cat-file", "--batch", stdin=names)
        found: dict[str, str] = {}
        at = 0
        for path in blobs:
            end = output.index(b"\n", at)
            header = output[at:end].split()
            at = end + 1
            if len(header) != 3:
                continue
            size = int(header[2])
            with suppress(UnicodeDecodeError):
                found[path] = output[at : at + size].decode("utf-8")
            at += size + 1
        return found

    def _out(self, store: Path, *words: str, stdin: bytes | None = None) -> bytes:
        done = git("-C", str(store), *words, stdin=stdin)
        if done.returncode:
            raise FetchError(f"git {words[0]} in {store} failed: {last_line(done.stderr)}")
        return done.stdout

    @contextmanager
    def tree(
        self, store: Path, commit: str, label: str, patches: Mapping[str, str] | None = None
    ) -> Iterator[Path]:
        """A fresh work tree of the commit, without .git, removed at the end.

        `patches` are unified diffs by what they are called, applied in their order.

        Raises:
            RepositoryError: a patch doesn't apply, or no tree can be made of the commit.
        """
        check_size(store, commit)
        work = self.home / "work"
        try:
            work.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=f"{scratch.unique()}-{label}-", dir=work))
        except OSError as error:
            raise FetchError(f"{work}: no work tree can be made: {error.strerror}") from error
        try:
            tree = self._lay_out(store, commit, folder)
            for what, patch in (patches or {}).items():
                apply_patch(tree, patch, what, store)
            yield tree
        finally:
            scratch.remove(folder)

    def _lay_out(self, store: Path, commit: str, folder: Path) -> Path:
        tree = folder / "tree"
        tree.mkdir()
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        base = ("--git-dir", str(store), "--work-tree", str(tree))
        done = git(*base, "read-tree", "--reset", "-u", commit, variables=index)
        if done.returncode:
            said = last_line(done.stderr)
            unmade = any(word in said for word in UNMADE)
            error = RepositoryError if unmade else FetchError
            raise error(f"{commit} can't be laid out: {said}")
        return tree

    def patched(
        self, texts: Mapping[str, str], patch: str, made: Sequence[str] = ()
    ) -> dict[str, str]:
        """What `git apply` makes of these files, by path; only those that are still there.

        `made` are paths that the patch itself makes.

        Raises:
            RepositoryError: the patch doesn't apply.
        """
        work = self.home / "work"
        work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{scratch.unique()}-patch-", dir=work))
        try:
            for path, text in texts.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(text.encode())
            apply_patch(folder, patch, "the diff")
            return {
                path: (folder / path).read_bytes().decode("utf-8", "replace")
                for path in dict.fromkeys([*texts, *made])
                if _is_inside(folder, path)
            }
        finally:
            scratch.remove(folder)

    def lent(self) -> list[Path]:
        """The folders of work trees: those in use, and those that dead processes left."""
        return list((self.home / "work").glob("*"))

    def reap(self) -> int:
        """Remove work trees that dead processes left; how many."""
        left = [one for one in self.lent() if not scratch.belongs_to_the_living(one.name)]
        for folder in left:
            scratch.remove(folder)
        return len(left)


def _unlock(store: Path) -> None:
    """Remove the locks and halves that a killed git left, or every later fetch fails on them.

    The caller holds the store's own lock, and no git outlives the process that started it.
    """
    for pattern in ("*.lock", "refs/**/*.lock", "objects/**/tmp_*"):
        for path in store.glob(pattern):
            path.unlink(missing_ok=True)


def apply_patch(tree: Path, patch: str, what: str, store: Path | None = None) -> None:
    """Apply a unified diff to a work tree.

    Raises:
        RepositoryError: it doesn't fit.
        FetchError: git can't write there now.

    A tree that was laid out from `store` may have attributes that change line ends or encodings.
    """
    if not patch.strip():
        return
    text = patch if patch.endswith("\n") else patch + "\n"
    where = ("--git-dir", str(store), "--work-tree", str(tree)) if store else ()
    done = git(
        "-C", str(tree), *where, "apply", "--whitespace=nowarn", "-", stdin=text.encode(),
        variables={"GIT_CEILING_DIRECTORIES": str(tree.parent)},
    )  # fmt: skip
    if done.returncode:
        said = last_line(done.stderr)
        if done.returncode < 0 or tells_of_one(done.stderr):
            raise FetchError(f"{what} can't be applied now: {said}")
        raise RepositoryError(f"{what} doesn't apply to the base commit: {said}")


def touched(patch: str) -> Sequence[str]:
    """The paths that a unified diff changes or makes."""
    return tuple(
        line[6:].split("\t")[0].strip('"')
        for line in patch.splitlines()
        if line.startswith("+++ b/")
    )


def both_sides(patch: str) -> Sequence[str]:
    """The paths that a unified diff names: those of `touched`, what it renames, copies, removes."""
    return tuple(dict.fromkeys(found.strip('"') for found in _NAMED.findall(patch)))


def _is_inside(folder: Path, path: str) -> bool:
    """Whether it is a file of the folder's own, reached through no link."""
    found, home = folder / path, folder.resolve()
    return found.is_file() and found.resolve() == home / path and (home / path).is_relative_to(home)
