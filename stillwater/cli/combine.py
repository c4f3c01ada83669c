"""`stillwater combine`: a comparison that ran in parts, told as one."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from stillwater.cli import comparison
from stillwater.cli.plain import console
from stillwater.comparison import parts
from stillwater.telling.results import final_line
from stillwater.telling.text import one_line

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE", help="What `report --json` wrote of each part."),
]


def command(
    files: Files,
    *,
    as_json: comparison.AsJson = False,
    as_markdown: comparison.AsMarkdown = False,
    html: comparison.Html = None,
) -> None:
    """Tell of one comparison that ran in parts: on several machines, or night after night.

    Each part repaired other instances under the same arms, as `compare --slice 0:100` does. What
    `combine --json` writes is itself a part.
    """
    comparison.refuse_both(as_json, as_markdown, html)
    told = parts.together([parts.read(file) for file in files])
    compared = told.comparison
    if as_json:
        # ASCII only: what others wrote can't reach the terminal but as escapes of JSON.
        typer.echo(json.dumps(told.model_dump(mode="json"), indent=2, ensure_ascii=True))
        return
    if as_markdown or html:
        comparison.write_down(compared, told.runs, told.feedback_note, html)
        return
    out = console()
    for run in told.runs:
        facts = (f"run {run.id}", run.created_at, run.dataset, f"stillwater {run.version}")
        out.print(Text("  ·  ".join(map(one_line, facts)), style="bold"))
    if told.feedback_note:
        out.print(Text(one_line(told.feedback_note)))
    comparison.show(out, compared)
    machines = [machine for arm in compared.arms for machine in arm.machines]
    out.print(Text(f"\n{one_line(final_line(machines))}", style="bold"))
