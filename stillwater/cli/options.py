"""The options that several commands have: which instances, under which configuration."""

from pathlib import Path
from typing import Annotated

import typer

DatasetName = Annotated[
    str, typer.Argument(help="samples, a .jsonl/.json/.parquet file, lite, verified, …")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most N instances.")]
Part = Annotated[str | None, typer.Option("--slice", help="A:B, as in Python.")]
Instances = Annotated[
    list[str] | None, typer.Option("--instance", help="Only these: an id, or a*pattern.")
]
Repositories = Annotated[
    list[str] | None, typer.Option("--repo", help="Only of OWNER/NAME, or an own*/pattern.")
]
Shuffle = Annotated[
    int | None, typer.Option("--shuffle", metavar="SEED", help="In the order of this seed.")
]
Split = Annotated[str, typer.Option("--split", help="Which split of a hub dataset.")]
Model = Annotated[
    str | None, typer.Option("--model", help="The one model to use, in litellm's notation.")
]
Attempts = Annotated[int | None, typer.Option("--attempts", help="Attempts a machine has.")]
Feedback = Annotated[
    str | None, typer.Option("--feedback", help="tests: all failures go back; visible: no hidden.")
]
SandboxKind = Annotated[str | None, typer.Option("--sandbox", help="auto, docker or local.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE: any setting.")]
Executor = Annotated[
    str | None, typer.Option("--executor", help="Where steps run: threads, or ray.")
]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray-address", help="HOST:PORT of a Ray cluster's head; else this machine."),
]
Endpoints = Annotated[
    list[str] | None,
    typer.Option("--endpoint", metavar="URL", help="A server of the model, one of several."),
]
Arm = Annotated[
    str | None, typer.Option("--arm", help="A named configuration: patch, strict, direct, …")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="TOML file instead of ./stillwater.toml.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log lines on stderr too.")]
OutFolder = Annotated[Path, typer.Option("--out", help="The folder to write to.", file_okay=False)]
Force = Annotated[bool, typer.Option("--force", help="Also into a folder that holds something.")]
