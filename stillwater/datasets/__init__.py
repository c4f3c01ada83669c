"""Where instances come from: the bundled samples, files, or the hub. `load` is the one way in."""

from stillwater.datasets.instance import Instance
from stillwater.datasets.load import Dataset, DatasetError, instance_of, load
from stillwater.datasets.select import Selection, select

__all__ = ["Dataset", "DatasetError", "Instance", "Selection", "instance_of", "load", "select"]
