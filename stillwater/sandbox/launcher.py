"""Runs between the walls and the command: sets the limits, and lets nothing outlive the command.

`python -I -S launcher.py SPEC STATUS`, both file descriptors: a specification to read, and a pipe
that gets `started`, then `exit N`; or `failed WHY`. Standard input is a lifeline: `t` asks for an
orderly end; any other byte, or its closing because the scheduler died, for an immediate one.
Standard library only, and little of it (no json, no pathlib): it is loaded anew for each test run.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import select
import struct
import sys
import time

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    import signal
    from typing import Any, NoReturn

    Spec = dict[str, Any]
else:
    import _signal as signal  # what signal is made of, without its enums

GRACE = 2.0
LONG_COMMAND = 100_000  # the kernel takes at most 128 KiB in one argument (MAX_ARG_STRLEN)

# linux/prctl.h
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 22, 36, 38
SECCOMP_MODE_FILTER = 2  # linux/seccomp.h, as are the next
SECCOMP_ALLOW, SECCOMP_ERRNO, SECCOMP_KILL = 0x7FFF0000, 0x00050000, 0x80000000
BPF_LOAD, BPF_EQUAL, BPF_AT_LEAST, BPF_RETURN = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
EACCES, X32 = 13, 0x40000000  # asm-generic/errno-base.h, asm/unistd.h
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
# asm/unistd.h: socket, and what shares memory, queues and semaphores with the user's processes
# (shmget, semget, msgget, mq_open); io_uring_setup could do the same as socket
DENIED = {"x86_64": (41, 29, 64, 68, 240, 425), "aarch64": (198, 194, 190, 186, 180, 425)}
LINUX_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 444, 445, 446  # asm/unistd.h
# linux/landlock.h: rights on the file system as of each ABI
LANDLOCK_READ = 1 << 0 | 1 << 2 | 1 << 3  # EXECUTE, READ_FILE, READ_DIR
LANDLOCK_FILE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # those that a plain file can have
LANDLOCK_FS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
LANDLOCK_TCP, LANDLOCK_SCOPES = 1 << 0 | 1 << 1, 1 << 0 | 1 << 1
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1 << 0, 1

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> int:
    """The result of a C call; raises OSError that names `what` when it is negative."""
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{what}: {os.strerror(errno)}")
    return result


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """A system call that libc has no name for."""
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return check(libc.syscall(ctypes.c_long(number), *wide), f"system call {number}")


def prctl(option: int, value: int) -> None:
    """prctl(2) with one argument."""
    wide = [ctypes.c_ulong(v) for v in (value, 0, 0, 0)]
    check(libc.prctl(option, *wide), f"prctl {option}")


def landlock_abi() -> int:
    """The kernel's Landlock ABI; 0 when it has none."""
    try:
        return syscall(SYS_LANDLOCK_CREATE, None, 0, LANDLOCK_VERSION)
    except OSError:
        return 0


def landlock(read: list[str], write: list[str], tcp: bool) -> None:
    """Deny this process, for good, every path but these, and TCP unless `tcp`."""
    abi = landlock_abi()
    rights = LANDLOCK_FS[max(version for version in LANDLOCK_FS if version <= max(abi, 1))]
    fields = [rights]
    if abi >= 4:
        fields.append(0 if tcp else LANDLOCK_TCP)
    if abi >= 6:
        fields.append(LANDLOCK_SCOPES)
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = syscall(SYS_LANDLOCK_CREATE, attributes, len(attributes), 0)
    for paths, allowed in ((read, LANDLOCK_READ), (write, rights)):
        for path in paths:
            allow(ruleset, path, allowed & rights)
    syscall(SYS_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def allow(ruleset: int, path: str, rights: int) -> None:
    """Add one path to a Landlock ruleset; one that can't be opened stays denied."""
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights &= -1 if os.path.isdir(path) else LANDLOCK_FILE  # noqa: PTH112
        rule = struct.pack("=Qi", rights, beneath)
        syscall(SYS_LANDLOCK_ADD, ruleset, LANDLOCK_PATH_BENEATH, rule, 0)
    finally:
        os.close(beneath)


def drop_capabilities() -> None:
    """Give up every capability, so that root in here can't undo the walls."""
    capability = 0
    while libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1
    header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
    check(libc.capset(header, bytes(24)), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def become_command(spec: Spec) -> NoReturn:
    """In the child: take on every limit, then turn into the command."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores the last two
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(spec["directory"])
    drop_capabilities()
    for name, value in spec["limits"].items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (lowest, lowest))
    if spec["landlock"]:
        landlock(**spec["landlock"])
        if not spec["landlock"]["tcp"]:
            deny_ways_out()
    variables, command = spec["variables"], spec["command"]
    shell = find_bash(variables["PATH"]) or "/bin/sh"
    if len(command) < LONG_COMMAND:
        os.execve(shell, [shell, "-c", command], variables)  # noqa: S606 - the shell is the point
    script = os.path.join(variables["TMPDIR"], "command.sh")  # noqa: PTH118
    with open(script, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(command)
    os.execve(shell, [shell, script], variables)  # noqa: S606


def find_bash(path: str) -> str | None:
    """The first bash on that PATH."""
    found = (f"{folder}/bash" for folder in path.split(os.pathsep) if folder)
    return next((one for one in found if os.access(one, os.X_OK) and os.path.isfile(one)), None)  # noqa: PTH113


def deny_ways_out() -> None:
    """Deny sockets and System V's and POSIX's shared objects; Landlock knows only TCP and files."""
    machine = os.uname().machine
    denied = DENIED[machine]
    to_refusal = range(len(denied), 0, -1)
    program = [
        (BPF_LOAD, 0, 0, 4),  # seccomp_data.arch
        (BPF_EQUAL, 1, 0, ARCHITECTURE[machine]),
        (BPF_RETURN, 0, 0, SECCOMP_KILL),
        (BPF_LOAD, 0, 0, 0),  # seccomp_data.nr
        (BPF_AT_LEAST, len(denied) + 1, 0, X32),
        *((BPF_EQUAL, jump, 0, number) for jump, number in zip(to_refusal, denied, strict=True)),
        (BPF_RETURN, 0, 0, SECCOMP_ALLOW),
        (BPF_RETURN, 0, 0, SECCOMP_ERRNO | EACCES),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    arguments = (ctypes.c_ulong(SECCOMP_MODE_FILTER), header, ctypes.c_ulong(0), ctypes.c_ulong(0))
    check(libc.prctl(PR_SET_SECCOMP, *arguments), "seccomp")


def exit_code(status: int) -> int:
    """A wait status as a shell would report it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def descendants() -> set[int]:
    """Every process below this one; orphans too, since they become its children."""
    parents = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - names are all it takes
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:  # noqa: PTH123
                    stat = file.read()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rpartition(b")")[2].split()[1])
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def signal_all(number: int, own_world: bool) -> None:
    """Signal everything that the command started."""
    targets = {-1} if own_world else descendants()
    for target in targets:
        try:
            os.kill(target, number)
        except ProcessLookupError:
            continue


def reap(command: int) -> int | None:
    """Collect what ended; the command's exit code if it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == command:
            code = exit_code(status)


def supervise(command: int, woken: int, own_world: bool) -> int:
    """Wait for the command's end or the lifeline's word; the exit code."""
    kill_at = None
    while True:
        left = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready = select.select([woken] if kill_at else [0, woken], [], [], left)[0]
        if woken in ready and signal.SIGTERM in os.read(woken, 1024):
            return 128 + signal.SIGKILL
        code = reap(command)
        if code is not None:
            return code
        if 0 in ready:
            if os.read(0, 1) != b"t":
                return 128 + signal.SIGKILL
            signal_all(signal.SIGTERM, own_world)
            kill_at = time.monotonic() + GRACE
        elif kill_at is not None and time.monotonic() >= kill_at:
            return 128 + signal.SIGKILL


def end_all(own_world: bool) -> None:
    """Kill what is left and wait until nothing is."""
    while True:
        signal_all(signal.SIGKILL, own_world)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def launch(spec: Spec, status: int) -> int:
    """Everything, in order; the command's exit code."""
    if not spec["own_world"]:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    # So that the command can't write our report through /proc; its exec makes it dumpable again.
    prctl(PR_SET_DUMPABLE, 0)
    command = os.fork()
    if command == 0:
        try:
            become_command(spec)
        except OSError as error:
            os.write(status, f"failed {error}\n".encode())
            os._exit(126)
    os.write(status, b"started\n")
    code = supervise(command, woken, spec["own_world"])
    end_all(spec["own_world"])
    return code


def main() -> None:
    """Read the specification, launch, and report."""
    specification, status = int(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(status, False)
    with os.fdopen(specification, "rb") as file:
        spec = marshal.load(file)  # noqa: S302 - our parent wrote it
    try:
        code = launch(spec, status)
    except OSError as error:
        os.write(status, f"failed {error}\n".encode())
        sys.exit(125)
    os.write(status, f"exit {code}\n".encode())
    sys.exit(code)


if __name__ == "__main__":
    main()
