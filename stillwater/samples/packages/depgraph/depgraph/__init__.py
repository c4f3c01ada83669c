"""Choose versions of packages, and an order to install them in."""

from depgraph.errors import CycleError, DependencyError, LockError, NoVersion
from depgraph.graph import Graph
from depgraph.index import Index
from depgraph.lockfile import lock, unlock
from depgraph.requirement import Requirement
from depgraph.resolver import install_order, resolve
from depgraph.version import Version

__all__ = [
    "CycleError",
    "DependencyError",
    "Graph",
    "Index",
    "LockError",
    "NoVersion",
    "Requirement",
    "Version",
    "install_order",
    "lock",
    "resolve",
    "unlock",
]
