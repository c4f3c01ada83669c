"""Run one walled command: read what it prints, hold it to its limits, leave nothing behind."""

import marshal
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stillwater.sandbox import disk
from stillwater.sandbox.capture import Capture
from stillwater.sandbox.protocol import Cancelled, Execution, Limits, SandboxError

LAUNCHER = Path(__file__).with_name("launcher.py")
PYTHON = (os.path.realpath(sys.executable), "-I", "-S")
PATIENCE = 1.0  # how much longer than promised the launcher may take before it is killed too
GRACE = 2.0  # between SIGTERM and SIGKILL: the launcher's
CHUNK = 1 << 16

Wrapper = Callable[[list[str]], list[str]]  # a command line to one that runs it behind walls


class Walled:
    """A command that runs: its output, its lifeline, and why it was stopped, if it was."""

    def __init__(self, process: "subprocess.Popen[bytes]", limits: Limits) -> None:
        self.process = process
        self.capture = Capture(limits.output_bytes)
        self.stopped: str | None = None
        self.cancelled = False
        self.deadline = time.monotonic() + limits.seconds

    def follow(self, cancellation: int, disk_full: int) -> None:
        """Read until everything has ended."""
        output = self.process.stdout
        assert output is not None
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            selector.register(cancellation, selectors.EVENT_READ)
            selector.register(disk_full, selectors.EVENT_READ)
            while True:
                left = max(0.0, self.deadline - time.monotonic())
                ready = {key.fd for key, _ in selector.select(left)}
                if cancellation in ready:
                    selector.unregister(cancellation)
                    self.cancelled = True
                    self._end(b"k")
                if disk_full in ready:
                    selector.unregister(disk_full)
                    if self.stopped is None:
                        self.stopped = "disk"
                        self._end(b"k")
                if output.fileno() in ready:
                    chunk = os.read(output.fileno(), CHUNK)
                    if not chunk:
                        return
                    self.capture.feed(chunk)
                if not self._goes_on():
                    return

    def _goes_on(self) -> bool:
        """Stop what has gone too far; False when it no longer answers to that."""
        ending = self.stopped is not None or self.cancelled
        if not ending and self.capture.flooded:
            self.stopped = "output"
            self._end(b"k")
        elif time.monotonic() >= self.deadline:
            if self.process.poll() is not None and ending:
                return False
            if ending:
                self.kill()
                self.deadline = time.monotonic() + PATIENCE
            else:
                self.stopped = "timeout"
                self._end(b"t")
        return True

    def _end(self, word: bytes) -> None:
        """Ask the launcher to end everything, orderly (`t`) or at once (`k`)."""
        assert self.process.stdin is not None
        with suppress(OSError):
            os.write(self.process.stdin.fileno(), word)
        self.deadline = time.monotonic() + PATIENCE + (GRACE if word == b"t" else 0)

    def kill(self) -> None:
        """Kill the launcher or what wraps it, and with it its world."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def execute(
    wrapper: Wrapper,
    spec: Mapping[str, object],
    limits: Limits,
    cancellation: int,
    folders: Iterable[Path],
) -> Execution:
    """Run the launcher with `spec`, in `wrapper`; `cancellation` is readable once cancelled.

    `folders` are those that it may write to.

    Raises SandboxError when the walls couldn't be put up, Cancelled.
    """
    started = time.monotonic()
    watched = disk.watch(lambda: disk.used(folders), limits.disk_bytes)
    with _spawned(wrapper, spec) as (process, report), watched as disk_full:
        walled = Walled(process, limits)
        try:
            walled.follow(cancellation, disk_full)
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            walled.kill()
        except BaseException:
            walled.kill()
            raise
        said = _report(report)
    if walled.cancelled:
        raise Cancelled("The sandbox was cancelled.")
    if "failed" in said or ("started" not in said and walled.stopped is None):
        printed = walled.capture.content()[-2000:].decode("utf-8", "replace").strip()
        raise SandboxError(f"The sandbox couldn't start the command: {said.get('failed', printed)}")
    return Execution(
        exit_code=_code(walled, said.get("exit")),
        output=walled.capture.content(),
        seconds=time.monotonic() - started,
        stopped=walled.stopped,
        truncated=walled.capture.truncated,
    )


def _report(report: int) -> dict[str, str]:
    """What the launcher said, by the first word of each line."""
    try:
        lines = os.read(report, CHUNK).decode("utf-8", "replace").splitlines()
    except BlockingIOError:
        return {}
    return {word: text for word, _, text in (line.partition(" ") for line in lines)}


def _code(walled: Walled, reported: str | None) -> int | None:
    """The command's code; without a report something killed the launcher, and the command too."""
    if walled.stopped is not None:
        return None
    if reported is not None:
        return int(reported)
    code = walled.process.returncode
    return code if code >= 0 else 128 - code


@contextmanager
def _spawned(
    wrapper: Wrapper, spec: Mapping[str, object]
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    report, status = os.pipe()
    os.set_blocking(report, False)
    try:
        with tempfile.TemporaryFile() as specification:
            specification.write(marshal.dumps(dict[str, Any](spec)))
            specification.seek(0)
            descriptors = (specification.fileno(), status)
            process = subprocess.Popen(
                wrapper([*PYTHON, str(LAUNCHER), *map(str, descriptors)]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                env={},
                pass_fds=descriptors,
                start_new_session=True,
            )
        os.close(status)
        status = -1
        with process:
            yield process, report
    except OSError as error:
        raise SandboxError(f"The sandbox couldn't start a process: {error}") from error
    finally:
        os.close(report)
        if status >= 0:
            os.close(status)
