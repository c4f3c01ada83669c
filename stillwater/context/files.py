"""The files that can be chosen, and finding them by path, module and definition."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from stillwater.context.facts import Facts, facts
from stillwater.edits.paths import is_test

_NEVER = {
    *("vendor", "_vendor", "vendored", "_vendored", "third_party", "thirdparty", "extern"),
    *("externals", "node_modules", "site-packages", ".venv", "venv", ".tox", ".eggs"),
}
_BESIDE = {"doc", "docs", "examples", "example", "benchmarks", "benchmark", "asv_bench"}
"""Folders beside the product's; further below, those of that name may be its packages."""
_MADE = {"build", "release"}
"""What tools make, anywhere, where it is no package."""


def packages(paths: Iterable[str]) -> frozenset[str]:
    """The folders that are packages, of all files of a repository."""
    ends = "/__init__.py"
    return frozenset(path.removesuffix(ends) for path in paths if path.endswith(ends))


def is_candidate(path: str, known: Container[str] = frozenset()) -> bool:
    """Whether a bug's cause may be looked for in the file: code, and neither tests nor vendored.

    `known` are the packages of its repository: they may be called as folders are that hold none of
    the product.
    """
    folders = path.split("/")[:-1]
    return (
        PurePosixPath(path).suffix == ".py"
        and not is_test(path)
        and not any(
            _is_left_out(name.lower(), depth, "/".join(folders[: depth + 1]) in known)
            for depth, name in enumerate(folders)
        )
    )


def _is_left_out(name: str, depth: int, is_package: bool) -> bool:
    if name in _BESIDE and depth == 0:
        return True
    return name in _NEVER or (name in _BESIDE | _MADE and not is_package)


@dataclass
class Files:
    """The candidates of one repository, and which of its folders are packages."""

    texts: Mapping[str, str]
    packages: Container[str] = frozenset()
    facts: dict[str, Facts] = field(default_factory=dict)
    by_name: dict[str, list[str]] = field(default_factory=dict)
    by_module: dict[str, str] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, list[str]] = field(default_factory=dict)
    assigned: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path, text in self.texts.items():
            held = self.facts[path] = facts(text)
            self.by_name.setdefault(path.rsplit("/", 1)[-1], []).append(path)
            module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            self.by_module[module] = path
            self.by_module.setdefault(re.sub(r"^(?:src|lib)\.", "", module), path)
            for names, table in (
                (held.classes, self.classes),
                (held.functions, self.functions),
                (held.assigned, self.assigned),
            ):
                for name in names:
                    table.setdefault(name, []).append(path)

    def defining(self, name: str) -> Sequence[str]:
        """The candidates that define `name`, each once."""
        tables = (self.classes, self.functions, self.assigned)
        return list(dict.fromkeys(path for table in tables for path in table.get(name, ())))

    def named(self, stated: str) -> list[str]:
        """The candidates that a path in a text means: those that share the longest tail with it."""
        wanted = stated.split("/")
        best, found = 0, list[str]()
        for path in self.by_name.get(wanted[-1], ()):
            common = _common_tail(path.split("/"), wanted)
            if common > best:
                best, found = common, [path]
            elif common == best:
                found.append(path)
        # A bare "utils.py" that many packages have names none of them.
        return found if best > 1 or len(found) <= 3 else []

    def module(self, name: str) -> str | None:
        """The candidate that holds the dotted name: its longest prefix that is a module."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            path = self.by_module.get(".".join(parts[:end]))
            if path is not None and (end > 1 or end == len(parts)):
                return path
        return None

    def imported_by(self, path: str) -> Iterator[str]:
        """The candidates that the file imports, each once."""
        seen = {path}
        for module, name in self.facts[path].imports:
            full = _absolute(module, path)
            home = self.by_module.get(f"{full}.{name}") or self.by_module.get(full)
            if home is not None and home not in seen:
                seen.add(home)
                yield home


def _absolute(module: str, path: str) -> str:
    dots = len(module) - len(module.lstrip("."))
    if not dots:
        return module
    package = path.split("/")[:-dots]
    return ".".join([*package, *filter(None, [module.lstrip(".")])])


def _common_tail(one: Iterable[str], other: Iterable[str]) -> int:
    count = 0
    for mine, theirs in zip(reversed(list(one)), reversed(list(other)), strict=False):
        if mine != theirs:
            break
        count += 1
    return count
