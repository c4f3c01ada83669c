"""Where steps are carried out: `threads` of this process, or `ray` across machines."""

from stillwater.executors.protocol import Ended, Executor, Tell
from stillwater.executors.threads import ThreadExecutor
from stillwater.executors.workshop import Workshop, deferred

__all__ = ["Ended", "Executor", "Tell", "ThreadExecutor", "Workshop", "deferred"]
