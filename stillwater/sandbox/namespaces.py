"""What bubblewrap does, for machines without it: an empty root, new namespaces, then a program.

`python -I -S namespaces.py NETWORK PLAN PROGRAM ARGUMENT...`: NETWORK is `shared` or `none`, PLAN
the JSON of layout.py's operations. Standard library only: it runs without Stillwater's packages.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path

# linux/sched.h
NEWNS, NEWUTS, NEWIPC, NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
NEWPID, NEWNET = 0x20000000, 0x40000000
# linux/mount.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 0x20
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 1, 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000  # linux/fcntl.h
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # linux/sockios.h, linux/if.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SYS_MOUNT_SETATTR = 442  # asm/unistd.h, here and below
SYS_PIVOT_ROOT = 155 if os.uname().machine == "x86_64" else 41
BASE = "/tmp"  # noqa: S108 - any directory will do: it is covered by an empty one

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


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    encoded = [None if s is None else s.encode() for s in (source, target, kind, data)]
    source_, target_, kind_, data_ = encoded
    result = libc.mount(source_, target_, kind_, ctypes.c_ulong(flags), data_)
    check(result, f"mount {source} on {target}")


def read_only(target: str) -> None:
    """Make a mount and all mounts below it read-only."""
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    syscall(SYS_MOUNT_SETATTR, AT_FDCWD, target.encode(), AT_RECURSIVE, attributes, len(attributes))


def enter_namespaces(network: bool) -> None:
    """Become another world's first process; the one left outside waits and passes on its end."""
    user, group = os.getuid(), os.getgid()
    flags = NEWUSER | NEWNS | NEWPID | NEWIPC | NEWUTS | (0 if network else NEWNET)
    check(libc.unshare(flags), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    if not network:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    inner = os.fork()
    if inner:
        for descriptor in range(3):
            os.close(descriptor)
        _, status = os.waitpid(inner, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def build_root(plan: list[list[str]]) -> None:
    """Make the mounts of `plan` in an empty root, and move there; the old one is gone."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    os.chdir(BASE)
    Path("new").mkdir()
    Path("old").mkdir()
    mount("tmpfs", "new", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    syscall(SYS_PIVOT_ROOT, b".", b"old")
    os.chdir("/")
    for operation in plan:
        place(*operation)
    check(libc.umount2(b"/old", MNT_DETACH), "umount /old")
    os.chdir("/new")
    syscall(SYS_PIVOT_ROOT, b".", b".")
    check(libc.umount2(b".", MNT_DETACH), "umount /")
    os.chdir("/")


def place(kind: str, target: str, source: str = "") -> None:
    """One operation of a plan, from /old into /new; see layout.py for the kinds."""
    inside = Path("/new" + target)
    if kind == "symlink":
        inside.symlink_to(source)
        return
    if kind == "guard":
        guard(inside)
        return
    if kind == "seal":
        mount("none", str(inside), None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
        return
    outside = Path("/old" + source)
    if kind in ("read", "write") and not outside.is_dir():
        if not inside.exists():
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.touch()
    else:
        inside.mkdir(parents=True, exist_ok=True)
    if kind == "hide":
        mount("tmpfs", str(inside), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    elif kind == "proc":
        mount("proc", str(inside), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    elif kind == "dev":
        make_devices(inside)
    else:
        mount(str(outside), str(inside), None, MS_BIND | MS_REC)
        if kind == "read":
            read_only(str(inside))


def guard(path: Path) -> None:
    """Make one part of a mount read-only: root could change the whole machine through /proc/sys."""
    if path.exists():
        mount(str(path), str(path), None, MS_BIND | MS_REC)
        read_only(str(path))


def make_devices(inside: Path) -> None:
    """A /dev that has only what every program may use."""
    mount("tmpfs", str(inside), "tmpfs", MS_NOSUID, "mode=0755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (inside / name).touch()
        mount(f"/old/dev/{name}", str(inside / name), None, MS_BIND)
    for name, link in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        (inside / name).symlink_to(f"/proc/self/fd{link}")
    (inside / "shm").mkdir()
    (inside / "pts").mkdir()
    mount("devpts", str(inside / "pts"), "devpts", MS_NOSUID, "newinstance,ptmxmode=0666,mode=620")
    (inside / "ptmx").symlink_to("pts/ptmx")


def main() -> None:
    """Enter, build, and turn into the program."""
    network, plan, program = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:]
    enter_namespaces(network == "shared")
    build_root(plan)
    os.execv(program[0], program)  # noqa: S606 - its arguments are Stillwater's own


if __name__ == "__main__":
    main()
