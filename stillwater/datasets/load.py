"""Reading a dataset, whatever form it has, into checked instances."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stillwater.canonical import Json, canonical, digest
from stillwater.datasets import names
from stillwater.datasets.instance import Instance
from stillwater.errors import InputError, installing

FILE_SUFFIXES = (".jsonl", ".json", ".parquet")


class DatasetError(InputError):
    """A dataset can't be read: the sentence names the file, the line and the field."""


@dataclass(frozen=True)
class Dataset:
    """Checked instances and the rows they came from, in the dataset's order."""

    name: str
    sha256: str
    rows: tuple[Mapping[str, Json], ...]
    instances: tuple[Instance, ...]


def load(name: str, split: str = "test") -> Dataset:
    """The dataset called `samples`, in the file `name`, or by that name or alias on the hub.

    Raises:
        DatasetError: no such dataset, or a row of it that can't be used.
    """
    path = Path(name)
    if name != "samples" and (path.suffix in FILE_SUFFIXES or path.exists()):
        return _from_file(path, name)
    return named(name, split)


def named(name: str, split: str = "test") -> Dataset:
    """The dataset called `samples`, or by that name or alias on the hub; no file is looked for.

    Raises:
        DatasetError: no such dataset, or a row of it that can't be used.
    """
    if name == "samples":
        from stillwater.samples import INSTANCES

        return _from_file(INSTANCES, "samples")
    return _from_hub(names.hub_name(name) or name, split)


def instance_of(row: Mapping[str, Json]) -> Instance:
    """The instance that a checked row describes, with what the `swebench` package knows of it."""
    instance = Instance.model_validate(row)
    told = instance.image and instance.log_parser and instance.eval_type
    if instance.test_command or not instance.eval_script or told:
        return instance
    from stillwater.datasets import official

    try:
        return official.complete(instance)
    except ImportError as error:
        raise DatasetError(
            f"{instance.instance_id} leaves out its image, log_parser or eval_type, which an extra "
            f"knows, {installing('swebench')}"
        ) from error


def _from_file(path: Path, name: str) -> Dataset:
    _check_suffix(path, name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{name}: can't be read: {error.strerror}") from error
    return parse(name, content, path)


def parse(name: str, content: bytes, path: Path | None = None) -> Dataset:
    """The dataset in the content of a file that is called `name`, or lies at `path`.

    Raises:
        DatasetError: it is none, or a row of it can't be used.
    """
    file = path or Path(name)
    _check_suffix(file, name)
    readers = {".jsonl": _json_lines, ".json": _json_list, ".parquet": _parquet}
    return _checked(name, digest(content), readers[file.suffix](content, file))


def _check_suffix(path: Path, name: str) -> None:
    if path.is_dir() or path.suffix not in FILE_SUFFIXES:
        raise DatasetError(f"{name}: a dataset is a .jsonl, .json or .parquet file")


def _from_hub(name: str, split: str) -> Dataset:
    if name.count("/") != 1:
        near = names.nearest(name)
        hint = f" (did you mean {near}?)" if near else ""
        raise DatasetError(
            f"{name!r} is no dataset{hint}: give `samples`, a path to .jsonl, .json or .parquet, "
            f"one of {', '.join(names.HUB)}, or a hub name such as OWNER/NAME"
        )
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise DatasetError(
            f"{name}: datasets of the hub need their extra, {installing('hub')}"
        ) from error
    if Path(name).exists():
        raise DatasetError(
            f"{name}: a folder of this name lies here, and would be read in place of the hub's "
            "dataset: give the path of its file, or start Stillwater elsewhere"
        )
    # Its retries would bury the one sentence that says what is wrong.
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    try:
        table = load_dataset(name, split=split)
    except Exception as error:
        raise DatasetError(
            f"{name}: the hub doesn't give it: {str(error).splitlines()[0]}"
        ) from error
    rows = [_plain(row) for row in table]
    content = b"\n".join(canonical(row) for row in rows)
    located = ((f"row {n}", row) for n, row in enumerate(rows, 1))
    return _checked(name, digest(content), located)


_LISTS = ("FAIL_TO_PASS", "PASS_TO_PASS")
"""What says which tests judge: misspelt, it would be taken for absent."""
Located = Iterable[tuple[str, Any]]


def _json_lines(content: bytes, path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            yield f"line {number}", _json(line, f"{path}, line {number}")


def _json_list(content: bytes, path: Path) -> Iterator[tuple[str, Any]]:
    value = _json(content, str(path))
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        raise DatasetError(f"{path}: a .json dataset is a list of instances")
    yield from ((f"row {number}", row) for number, row in enumerate(value, 1))


def _parquet(content: bytes, path: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows = pyarrow.parquet.read_table(pyarrow.BufferReader(content)).to_pylist()
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: not a parquet file: {str(error).splitlines()[0]}") from error
    for number, row in enumerate(rows, 1):
        yield f"row {number}", _plain(row)


def _json(content: bytes, where: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: not JSON: {error}") from error


def _plain(row: Mapping[str, Any]) -> dict[str, Json]:
    plain: dict[str, Json] = json.loads(json.dumps(dict(row), default=str))
    return plain


def _checked(name: str, sha256: str, located: Located) -> Dataset:
    rows: list[Mapping[str, Json]] = []
    instances: list[Instance] = []
    seen: dict[str, str] = {}
    for where, row in located:
        instance = _instance(row, f"{name}, {where}")
        if instance.instance_id in seen:
            first = seen[instance.instance_id]
            raise DatasetError(f"{name}, {where}: {instance.instance_id} is already at {first}")
        seen[instance.instance_id] = where
        rows.append(row)
        instances.append(instance)
    if not instances:
        raise DatasetError(f"{name}: holds no instance")
    return Dataset(name, sha256, tuple(rows), tuple(instances))


def _instance(row: object, where: str) -> Instance:
    if not isinstance(row, dict):
        raise DatasetError(f"{where}: an instance is a JSON object")
    for name in row:
        if name not in _LISTS and str(name).upper() in _LISTS:
            raise DatasetError(f"{where}: the field {name!r} is written {str(name).upper()!r}")
    try:
        instance = instance_of(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        if first["type"] == "missing":
            raise DatasetError(f"{where}: the field {field!r} is missing") from error
        raise DatasetError(f"{where}: the field {field!r}: {first['msg'].lower()}") from error
    if not instance.FAIL_TO_PASS:
        raise DatasetError(f"{where}: the field 'FAIL_TO_PASS' names no test")
    try:
        canonical(row)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: can't be kept as evidence: {error}") from error
    return instance
