"""Bringing Python modules into whatever Python a test command starts, and nothing else changed."""

import base64
from collections.abc import Mapping

SHIM = """\
#!/bin/sh
PATH=$(printf %s "$PATH" | sed "s#${folder}/bin:##g")
PYTHONPATH="${folder}${{PYTHONPATH:+:$PYTHONPATH}}"
export PATH PYTHONPATH
exec "${{0##*/}}" "$@"
"""
"""Stands before the commands of that name: many a test command sets a PYTHONPATH of its own."""
SHIMMED = "python python3 pytest"


def injected(
    command: str, folder: str, files: Mapping[str, bytes], exports: str = "", last: str = ""
) -> str:
    """The command, with the folder of these files, one of them sitecustomize.py, in its PYTHONPATH.

    The variable called `folder` names it; `exports` are exported beside it, `last` is run when the
    command has ended, both in the shell's words. The command's exit code stays.
    """
    put = "\n".join(
        f'echo {_packed(content)} | base64 -d >"${folder}/{name}"'
        for name, content in files.items()
    )
    return f"""\
{folder}=$(mktemp -d) && mkdir "${folder}/bin"
{put}
for name in {SHIMMED}; do
  echo {_packed(SHIM.format(folder=folder).encode())} | base64 -d >"${folder}/bin/$name"
done
chmod +x "${folder}"/bin/*
(
PATH="${folder}/bin:$PATH"
export {folder} {exports}
export PYTHONPATH="${folder}${{PYTHONPATH:+:$PYTHONPATH}}"
{command}
)
code=$?
{last}
rm -rf "${folder}"
exit $code
"""


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()
