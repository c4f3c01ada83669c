"""What the machine is that something is measured on: nothing that names it or its people."""

import os
import platform
import subprocess
from pathlib import Path


def described() -> dict[str, str]:
    """Its processors, memory, kernel and Python."""
    return {
        "processors": f"{os.cpu_count()} × {_model()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }


def load() -> float:
    """How many processes want to run, a mean of the last minute."""
    return round(os.getloadavg()[0], 1)


def commit() -> str:
    """The commit that is measured, "+" behind it where files differ from it."""
    root = Path(__file__).parents[1]
    try:
        words = ["git", "describe", "--always", "--dirty=+", "--abbrev=10", "--exclude=*"]
        told = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
