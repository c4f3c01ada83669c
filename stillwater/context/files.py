"""The files that can be chosen, and finding them by path, module and definition."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from stillwater.edits.paths import is_test

_DEFINED = re.compile(
    r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|^([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=[^=]",
    re.MULTILINE,
)
_LEFT_OUT = {
    *("doc", "docs", "examples", "example", "benchmarks", "benchmark", "asv_bench"),
    *("vendor", "_vendor", "vendored", "_vendored", "third_party", "thirdparty", "extern"),
    *("externals", "node_modules", "site-packages", ".venv", "venv", ".tox", ".eggs", "build"),
}


def is_candidate(path: str) -> bool:
    """Whether a bug's cause may be looked for in the file: code, and neither tests nor vendored."""
    pure = PurePosixPath(path)
    return (
        pure.suffix == ".py"
        and not is_test(path)
        and _LEFT_OUT.isdisjoint(part.lower() for part in pure.parts[:-1])
    )


@dataclass
class Files:
    """The candidates of one repository."""

    texts: Mapping[str, str]
    by_name: dict[str, list[str]] = field(default_factory=dict)
    by_module: dict[str, str] = field(default_factory=dict)
    defining: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path, text in self.texts.items():
            self.by_name.setdefault(path.rsplit("/", 1)[-1], []).append(path)
            module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            self.by_module[module] = path
            self.by_module.setdefault(re.sub(r"^(?:src|lib)\.", "", module), path)
            for name in {one or other for one, other in _DEFINED.findall(text)}:
                self.defining.setdefault(name, []).append(path)

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


def _common_tail(one: Iterable[str], other: Iterable[str]) -> int:
    count = 0
    for mine, theirs in zip(reversed(list(one)), reversed(list(other)), strict=False):
        if mine != theirs:
            break
        count += 1
    return count
