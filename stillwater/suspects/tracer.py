"""Notes which functions each test calls. Runs inside the sandbox, as Python's sitecustomize.

It is given to whatever Python the tests run on, so it imports little and is written for Python 3.6
and later. STILLWATER_CALLS names the folder to write to, STILLWATER_ROOT the tree: only functions
of files below it are noted, each by its file and its first line.
"""

import atexit
import json
import os
import sys
import threading
from types import CodeType, FrameType

MOST = 200000


def _start(folder: str, root: str) -> None:
    known = getattr(os.environ, "_data", {})
    inside = root.rstrip("/") + "/"
    calls: dict[str, dict[CodeType, None]] = {}
    elsewhere: set[CodeType] = set()
    told: list[object] = [None]
    here = [calls.setdefault("", {})]

    def noticed(frame: FrameType, event: str, _: object) -> None:
        if event != "call":
            return
        code = frame.f_code
        now = known.get(b"PYTEST_CURRENT_TEST")
        if now is not told[0]:
            told[0] = now
            name = "" if now is None else os.fsdecode(now).rpartition(" (")[0]
            here[0] = calls.setdefault(name, {})
        if code in here[0] or code in elsewhere:
            return
        if not code.co_filename.startswith(inside):
            elsewhere.add(code)
            return
        if now is None and code.co_name.startswith("test"):
            here[0] = calls.setdefault(code.co_filename[len(inside) :] + "::" + code.co_name, {})
        if len(here[0]) < MOST:
            here[0][code] = None

    def write() -> None:
        sys.setprofile(None)
        found = {
            test: sorted({(one.co_filename[len(inside) :], one.co_firstlineno) for one in codes})
            for test, codes in calls.items()
            if codes
        }
        with open(os.path.join(folder, "calls." + str(os.getpid())), "w") as out:
            json.dump(found, out)

    atexit.register(write)
    threading.setprofile(noticed)
    sys.setprofile(noticed)


_folder = os.environ.get("STILLWATER_CALLS")
if _folder:
    _start(_folder, os.environ.get("STILLWATER_ROOT") or os.getcwd())
