"""Where tests run: `protocol` is the promise, `local` and `docker` keep it, `choose` picks one,
`brief` ends it with its work.

Local: `process` runs `launcher` behind `walls`, that are made of `layout`'s mounts by bubblewrap or
by `namespaces`, and of control `groups`; `environments` caches virtual environments; `scratch` is
thrown away. Docker: `engine` is the way to it, `images` are made once, the `shelf` knows those that
were pulled, `users` says whom jobs are in them, `spares` has `containers` ready, one for each job,
`archive` fills them, `follower` reads what they print. `capture` bounds the output of both, `disk`
what they write.
"""

from stillwater.sandbox.brief import brief
from stillwater.sandbox.choose import choose
from stillwater.sandbox.docker import DockerSandbox
from stillwater.sandbox.engine import engine_answers
from stillwater.sandbox.local import LocalSandbox
from stillwater.sandbox.protocol import (
    Cancelled,
    Execution,
    Job,
    Limits,
    Sandbox,
    SandboxError,
    Setup,
    SetupError,
)
from stillwater.sandbox.shelf import Shelf

__all__ = [
    "Cancelled",
    "DockerSandbox",
    "Execution",
    "Job",
    "Limits",
    "LocalSandbox",
    "Sandbox",
    "SandboxError",
    "Setup",
    "SetupError",
    "Shelf",
    "brief",
    "choose",
    "engine_answers",
]
