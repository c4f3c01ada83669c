"""Where instances come from: the bundled samples, files, or the hub. `load` is the one way in."""

from stillwater.datasets.instance import Instance
from stillwater.datasets.load import (
    FILE_SUFFIXES,
    Dataset,
    DatasetError,
    instance_of,
    load,
    named,
    parse,
)
from stillwater.datasets.select import Selection, select

__all__ = [
    "FILE_SUFFIXES",
    "Dataset",
    "DatasetError",
    "Instance",
    "Selection",
    "instance_of",
    "load",
    "named",
    "parse",
    "select",
]
