"""What the SWE-bench leaderboard wants beside predictions: metadata, checklist, reports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from stillwater.canonical import Json
from stillwater.datasets import Instance
from stillwater.store import RunRow
from stillwater.store.queries import Step

TO_FILL_IN = ("site", "report", "authors", "org", "os_model", "os_system")
"""The fields of metadata.yaml that only a person knows."""

METADATA = """\
# Fill in what is empty; the leaderboard takes no entry without a report.
info:
  name: {name}
  site: ""
  report: ""
  authors: []
tags:
  checked: false
  model:
{models}
  org: ""
  os_model:  # true where the model's weights are open
  os_system:  # true where all that was run is open
  system:
    attempts: {attempts}
"""

README = files("stillwater.cli").joinpath("submission.md").read_text("utf-8")


@dataclass(frozen=True)
class Entry:
    """A run as the leaderboard is told of it; `judgements` are runs of the hidden tests."""

    name: str
    run: RunRow
    models: Sequence[str]
    attempts: Json
    machines: int
    candidates: int
    resolved: int
    judgements: int
    sandboxes: Sequence[tuple[str, str]]

    def metadata(self) -> str:
        """metadata.yaml; JSON's strings are YAML's."""
        attempts = "1" if self.attempts == 1 else "2+"
        return METADATA.format(
            name=json.dumps(self.name),
            models="\n".join(f"    - {json.dumps(one)}" for one in self.models),
            attempts=json.dumps(attempts),
        )

    def readme(self) -> str:
        """README.md, with the checklist and the statement of the tests seen."""
        return README.format(
            name=self.name,
            machines=self.machines,
            dataset=Path(self.run.dataset).name
            if Path(self.run.dataset).is_absolute()
            else self.run.dataset,
            sha256=self.run.dataset_sha256,
            run=self.run.id,
            resolved=self.resolved,
            candidates=self.candidates,
            attempts=self.attempts,
            judged=self.candidates,
            judgements=self.judgements,
            sandbox=" and ".join(dict.fromkeys(kind for kind, _ in self.sandboxes)) or "(none)",
            network=", ".join(dict.fromkeys(wall for _, wall in self.sandboxes)) or "(none)",
            version=self.run.version,
        )


def report(instance: Instance, judged: Step) -> dict[str, Any]:
    """report.json of one candidate, in the official harness's form."""
    f2p, p2p = (_group(judged, name) for name in ("fail_to_pass", "pass_to_pass"))
    broken = set(p2p["failed"])
    return {
        instance.instance_id: {
            "patch_is_None": False,
            "patch_exists": True,
            "patch_successfully_applied": True,
            "resolved": judged.event == "passed",
            "tests_status": {
                "FAIL_TO_PASS": {"success": f2p["passed"], "failure": f2p["failed"]},
                "PASS_TO_PASS": {
                    "success": [one for one in instance.PASS_TO_PASS if one not in broken],
                    "failure": p2p["failed"],
                },
                "FAIL_TO_FAIL": {"success": [], "failure": []},
                "PASS_TO_FAIL": {"success": [], "failure": []},
            },
        }
    }


def _group(judged: Step, name: str) -> dict[str, list[str]]:
    told = judged.evidence.get(name)
    group = told if isinstance(told, Mapping) else {}
    found = {key: group.get(key) for key in ("passed", "failed")}
    return {
        key: [str(one) for one in listed] if isinstance(listed, list) else []
        for key, listed in found.items()
    }
