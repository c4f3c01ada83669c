"""`stillwater compare`: the same instances under several arms, interleaved in one run."""

from typing import Annotated

import typer

from stillwater import config as configuration
from stillwater import datasets
from stillwater.cli.options import (
    Attempts,
    ConfigFile,
    DatasetName,
    Endpoints,
    Executor,
    Feedback,
    Instances,
    Limit,
    Model,
    Part,
    RayAddress,
    Repositories,
    SandboxKind,
    Set,
    Shuffle,
    Split,
    Verbose,
)
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.cli.run import begin, flags_of, where
from stillwater.errors import InputError

THE_STORY = ("patch", "direct", "feedback-1", "feedback", "resample", "mutate")
"""Compared where no arm is named: from how it is usually done to what Stillwater does."""

Arms = Annotated[
    list[str] | None,
    typer.Option("--arm", help=f"Two or more of the named; default: {', '.join(THE_STORY)}."),
]


def command(
    dataset: DatasetName = "samples",
    arm: Arms = None,
    limit: Limit = None,
    part: Part = None,
    instance: Instances = None,
    repo: Repositories = None,
    shuffle: Shuffle = None,
    split: Split = "test",
    model: Model = None,
    attempts: Attempts = None,
    feedback: Feedback = None,
    sandbox: SandboxKind = None,
    assignments: Set = None,
    config: ConfigFile = None,
    executor: Executor = None,
    ray_address: RayAddress = None,
    endpoints: Endpoints = None,
    db: Db = DEFAULT_DB,
    verbose: Verbose = False,
) -> None:
    """Repair a dataset under several arms, and tell their differences from chance.

    --attempts gives every arm the same number of calls.
    """
    names = arm or list(THE_STORY)
    if len(names) < 2:
        raise InputError(f"--arm {names[0]} alone can't be compared: name two arms or more")
    flags = flags_of(model, attempts, feedback, sandbox, assignments)
    flags |= where(executor, ray_address, endpoints)
    arms = configuration.load_arms(names, flags, config)
    settings = configuration.load(flags, config)
    wanted = datasets.Selection(instance or (), repo or (), shuffle, part, limit)
    chosen = datasets.select(datasets.load(dataset, split), wanted)
    begin(chosen, settings, arms, db, config, verbose=verbose)
