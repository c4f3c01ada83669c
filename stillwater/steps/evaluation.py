"""How the tests of an instance that brings its image are run: the official harness's own steps.

In a container of the image: apply the patch to /testbed, then run eval_script, which applies
test_patch and prints the log between markers (swebench.harness.run_evaluation.run_instance).
"""

import re

from stillwater.datasets.instance import Instance
from stillwater.errors import InputError
from stillwater.grading import load_official

ROOT = "/testbed"
PATCH, SCRIPT = "/patch.diff", "/eval.sh"
START, END = ">>>>> Start Test Output", ">>>>> End Test Output"
APPLY_FAILED = ">>>>> Patch Apply Failed"
RUN = f"""\
cd {ROOT} || exit 1
applied=
for apply in "git apply --verbose" "git apply --verbose --3way" "git apply --verbose --reject" \
  "patch --batch --forward --fuzz=5 -p1 -i"; do
  [ -s {PATCH} ] || {{ applied=empty; break; }}
  [ -z "$tried" ] || {{ git checkout -- . ; git clean -fd; }} >/dev/null 2>&1
  tried=yes
  said=$($apply {PATCH} 2>&1) && {{ applied=yes; break; }}
done
[ -n "$applied" ] || git apply --check --reverse {PATCH} 2>/dev/null || {{
  echo "{APPLY_FAILED}"; echo "$said"; exit 1
}}
exec /bin/bash {SCRIPT}
"""

_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1\s*$")


def files(instance: Instance, patch: str, *, hidden: bool) -> dict[str, bytes]:
    """What is put into the container, for `RUN`, by path.

    Raises:
        InputError: without `hidden`, a script that test_patch can't be taken out of.
    """
    script = instance.eval_script or ""
    if not hidden:
        script = without_test_patch(script, instance)
    official = load_official(f"{instance.instance_id}, which has an image,")
    whole = official.evaluation_script(script)
    return {PATCH: patch.encode(), SCRIPT: whole.encode()}


def printed_by_tests(log: str) -> str:
    """The part of an evaluation's log between its markers; all of it where they are missing."""
    _, start, rest = log.partition(START)
    inner, end, _ = rest.partition(END)
    return inner if start and end else log


def without_test_patch(script: str, instance: Instance) -> str:
    """The script without the command that applies test_patch: what it runs existed before.

    Raises:
        InputError: test_patch isn't in the script as a here-document.
    """
    if not instance.test_patch.strip():
        return script
    lines = script.split("\n")
    kept: list[str] = []
    removed = False
    n = 0
    while n < len(lines):
        opened = _HEREDOC.search(lines[n])
        end = _end(lines, n, opened[2]) if opened else None
        body = "\n".join(lines[n + 1 : end]) if end is not None else ""
        if end is not None and body.strip() == instance.test_patch.strip():
            removed, n = True, end + 1
            continue
        kept.append(lines[n])
        n += 1
    without = "\n".join(kept)
    if not removed or any(line in without for line in _added(instance.test_patch)):
        raise InputError(
            f"{instance.instance_id}: eval_script doesn't apply test_patch as a here-document of "
            'its own, so its hidden tests can\'t be left out: run it with feedback = "tests"'
        )
    return without


def _end(lines: list[str], start: int, delimiter: str) -> int | None:
    for n in range(start + 1, len(lines)):
        if lines[n].strip() == delimiter:
            return n
    return None


def _added(test_patch: str) -> list[str]:
    """The lines that test_patch adds, as far as they say something of their own."""
    added = [line[1:].strip() for line in test_patch.splitlines() if line.startswith("+")]
    return [line for line in added if len(line) > 20 and not line.startswith("++")]
