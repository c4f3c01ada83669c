"""Replay: a recorded run done again, with the recorded completions in place of the model.

`record.py` is what a run's database says of each machine, `follow.py` the real steps held to it,
`again.py` the new run that they are taken in, `compare.py` says where the two differ.
"""

from stillwater.replay.again import begin, prepare
from stillwater.replay.compare import Difference, Report, Short, compare
from stillwater.replay.follow import following
from stillwater.replay.record import Record

__all__ = ["Difference", "Record", "Report", "Short", "begin", "compare", "following", "prepare"]
