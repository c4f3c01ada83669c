"""Notes which functions each test calls, and with what. Runs inside the sandbox, as Python's
sitecustomize.

It is given to whatever Python the tests run on, so it imports little and is written for Python 3.6
and later. STILLWATER_CALLS names the folder to write to, STILLWATER_ROOT the tree: only functions
of files below it are noted, each by its file, its first line and one call: the last that a test
made itself, else the first. Values are shown only where that runs no code of theirs.
"""

import atexit
import json
import opcode
import os
import sys
import threading
from collections.abc import Iterable
from types import CodeType, FrameType

MOST = 200000
LONGEST = 200
"""Characters of a call that is told; a longer one is not."""
DEEP = 6
DIGITS, MOST_STEADY = 9, 10**9
"""Numbers of more digits are mostly a clock's, and no two runs must tell otherwise."""
STARRED, DOUBLY_STARRED, FUNCTION, GENERATING = 0x04, 0x08, 0x03, 0x20 | 0x80 | 0x200
"""Flags of code: see inspect, which would import too much."""
SETTING_UP = ("setUp", "asyncSetUp", "_pre_setup")
"""Methods of a unittest case that may be the first of its calls for a test."""
RETURNING = {opcode.opmap.get(name) for name in ("RETURN_VALUE", "RETURN_CONST")}


class TooLong(Exception):
    """What would have to be told is too long to help anyone."""


def shown(value: object, room: int = LONGEST, depth: int = 0) -> str:
    """The value as Python writes it, if it is a plain one, else its type's name."""
    kind = type(value)
    if value is None or kind is bool:
        return repr(value)
    if isinstance(value, (int, float)) and kind in (int, float):
        text = repr(value) if -MOST_STEADY < value < MOST_STEADY else ""
        return text if 0 < len(text) <= DIGITS else "<" + kind.__name__ + ">"
    if isinstance(value, (str, bytes)) and kind in (str, bytes):
        if len(value) > room:
            raise TooLong
        return repr(value)
    if kind in (list, tuple, set, frozenset, dict) and depth < DEEP:
        return collection(value, room, depth + 1)
    return "<" + kind.__name__ + ">"


def collection(value: object, room: int, depth: int) -> str:
    """A list, tuple, set or dict."""
    if isinstance(value, dict):
        texts = several((one for pair in value.items() for one in pair), room, depth)
        pairs = [texts[at] + ": " + texts[at + 1] for at in range(0, len(texts), 2)]
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (set, frozenset)):
        inside = ", ".join(sorted(several(value, room, depth)))
        if isinstance(value, frozenset):
            return "frozenset({" + inside + "})" if inside else "frozenset()"
        return "{" + inside + "}" if inside else "set()"
    assert isinstance(value, (list, tuple))
    inside = ", ".join(several(value, room, depth))
    if isinstance(value, tuple):
        return "(" + inside + ("," if len(value) == 1 else "") + ")"
    return "[" + inside + "]"


def several(values: "Iterable[object]", room: int, depth: int) -> "list[str]":
    """All of them; TooLong as soon as they are."""
    texts = []
    for one in values:
        texts.append(shown(one, room, depth))
        room -= len(texts[-1])
        if room < 0:
            raise TooLong
    return texts


def asked(frame: FrameType) -> str:
    """The call that began this frame, without its self."""
    code, have = frame.f_code, frame.f_locals
    plain, named = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames
    given = [
        shown(have[name])
        for at, name in enumerate(names[:plain])
        if at > 0 or name not in ("self", "cls")
    ]
    rest = list(names[named:])
    if code.co_flags & STARRED:
        given += several(have[rest.pop(0)], LONGEST, 0)
    given += [name + "=" + shown(have[name]) for name in names[plain:named]]
    if code.co_flags & DOUBLY_STARRED:
        given += [name + "=" + shown(one) for name, one in have[rest.pop(0)].items()]
    return code.co_name + "(" + ", ".join(given) + ")"


def ended(frame: FrameType, value: object) -> str:
    """How the call came to its end."""
    code = frame.f_code
    if value is None and code.co_code[frame.f_lasti] not in RETURNING:
        return " raised an exception"
    return " returned " + shown(value)


class Call:
    """One call of a function."""

    def __init__(self, frame: FrameType) -> None:
        is_function = frame.f_code.co_flags & FUNCTION == FUNCTION
        try:
            self.how = asked(frame) if is_function else ""
        except Exception:
            self.how = ""

    def end(self, frame: FrameType, value: object) -> None:
        """Note what it returned."""
        try:
            self.how += ended(frame, value)
        except Exception:
            self.how = ""


def is_by_test(frame: FrameType) -> bool:
    """Whether a test itself made the call."""
    return frame.f_back is not None and frame.f_back.f_code.co_name.startswith("test")


def is_of_case(code: CodeType) -> bool:
    """Whether the code may be a method that unittest calls for a test, by its name."""
    return code.co_name.startswith("test") or code.co_name in SETTING_UP


def case_of(frame: FrameType, inside: str) -> str:
    """The unittest case's method that the call is made for, with its file and class, or "".

    Runs no code of theirs.
    """
    try:
        case = frame.f_locals[frame.f_code.co_varnames[0]]
        method = object.__getattribute__(case, "__dict__")["_testMethodName"]
        module = sys.modules[type.__getattribute__(type(case), "__module__")]
        home = object.__getattribute__(module, "__dict__")["__file__"]
        path = home if home.startswith(inside) else frame.f_code.co_filename
        kind = type.__getattribute__(type(case), "__name__")
        return "::".join((path[len(inside) :], kind, method))
    except Exception:
        return ""


def test_of(frame: FrameType, inside: str, is_new: bool) -> str:
    """The test that the call begins, "" where it begins none."""
    code = frame.f_code
    plain = code.co_filename[len(inside) :] + "::" + code.co_name
    is_test = is_new and code.co_name.startswith("test")
    return case_of(frame, inside) or (plain if is_test else "")


def _start(folder: str, root: str) -> None:
    known = getattr(os.environ, "_data", {})
    inside = root.rstrip("/") + "/"
    calls: dict[str, dict[CodeType, Call | None]] = {}
    elsewhere: set[CodeType] = set()
    going: dict[FrameType, Call] = {}
    told: list[object] = [None]
    here = [calls.setdefault("", {})]

    def noticed(frame: FrameType, event: str, value: object) -> None:
        if event == "return":
            if frame in going:
                going.pop(frame).end(frame, value)
        elif event == "call":
            called(frame, True)

    def noticed_in_thread(frame: FrameType, event: str, _: object) -> None:
        # Which of several threads is first differs from run to run.
        if event == "call":
            called(frame, False)

    def called(frame: FrameType, is_steady: bool) -> None:
        code = frame.f_code
        if code in elsewhere:
            return
        now = known.get(b"PYTEST_CURRENT_TEST")
        if now is not told[0]:
            told[0] = now
            name = "" if now is None else os.fsdecode(now).rpartition(" (")[0]
            here[0] = calls.setdefault(name, {})
        if now is None and is_of_case(code) and code.co_filename.startswith(inside):
            test = test_of(frame, inside, code not in here[0])
            here[0] = calls.setdefault(test, {}) if test else here[0]
        if code in here[0]:
            if not is_steady or not (here[0][code] is None or is_by_test(frame)):
                return
        elif not code.co_filename.startswith(inside):
            elsewhere.add(code)
            return
        if len(here[0]) < MOST:
            call = here[0][code] = Call(frame) if is_steady else None
            if call and call.how and not code.co_flags & GENERATING:
                going[frame] = call

    def how(call: "Call | None") -> str:
        return call.how.replace(inside, "") if call and len(call.how) <= LONGEST else ""

    def write() -> None:
        sys.setprofile(None)
        found = {
            test: sorted(
                (one.co_filename[len(inside) :], one.co_firstlineno, how(call))
                for one, call in codes.items()
            )
            for test, codes in calls.items()
            if codes
        }
        with open(os.path.join(folder, "calls." + str(os.getpid())), "w") as out:
            json.dump(found, out)

    atexit.register(write)
    threading.setprofile(noticed_in_thread)
    sys.setprofile(noticed)


_folder = os.environ.get("STILLWATER_CALLS")
if _folder:
    _start(_folder, os.environ.get("STILLWATER_ROOT") or os.getcwd())
