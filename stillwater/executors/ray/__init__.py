"""Steps on a Ray cluster: they travel to the nodes, their outcomes come back to the one scheduler.

Three processes meet here. The scheduler's (`executor.py`) never loads Ray: Ray ends the process
that uses it when the cluster's head is lost. A child of it (`driver.py`) talks to the cluster and
can be started again. A worker of Ray's (`worker.py`), on whatever node, carries a step out.
`wire.py` is what they say to each other, `cluster.py` which cluster it is.
"""

from stillwater.executors.ray.cluster import Cluster
from stillwater.executors.ray.executor import RayExecutor
from stillwater.executors.ray.wire import Outfit

__all__ = ["Cluster", "Outfit", "RayExecutor"]
