"""Making a run of what someone asked for over the network, who is trusted with less than a shell.

No path of the server's is read for them: datasets are named or sent, and repositories are fetched
from URLs, bundled, or lie in a folder that the operator has opened. What says where secrets and
files lie is the operator's to set, in the file and the environment.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stillwater import config as configuration
from stillwater import datasets, plans
from stillwater.errors import InputError
from stillwater.repository import BUNDLED, Repositories
from stillwater.service.worker import Worker

OPERATORS = frozenset(
    {"api_base", "endpoints", "api_key", "certificate_key", "heads_git", "repo_url", "arms"}
    | {"skill_texts"}
)
"""The settings that a submission can't change."""

REMOTE = re.compile(r"(?:https?|ssh|git)://[^/]|(?:[\w.-]+@)?[\w.-]+:(?!:|//)", re.IGNORECASE)
"""What git fetches over the network: a URL, or its short form of ssh, HOST:PATH."""
PATH = re.compile(r"[/.~]|(?:[^/]*/){2}")
"""What is no name of a dataset: told by its looks, so that nobody learns which files there are."""
SAMPLE = re.compile(rf"{BUNDLED}[\w-]+")

Text = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
Whole = Annotated[int, Field(ge=0, le=2**31)]


class Submission(BaseModel):
    """What to run: which instances of which dataset, under which arms and settings."""

    model_config = ConfigDict(extra="forbid")

    dataset: Text = "samples"
    """`samples`, `lite`, `verified`, `full`, `multilingual`, or OWNER/NAME of the hub."""
    split: Text = "test"
    instances: Annotated[list[Text], Field(max_length=10_000)] = []
    """Ids or patterns; empty for all."""
    repositories: Annotated[list[Text], Field(max_length=1000)] = []
    """OWNER/NAME or patterns; empty for all."""
    shuffle: Whole | None = None
    """The seed of the order."""
    limit: Annotated[int, Field(ge=1, le=2**31)] | None = None
    arms: Annotated[list[Text], Field(max_length=20)] = []
    """Named configurations; two or more are compared in one run."""
    model: Text | None = None
    """The one model to use, in litellm's notation."""
    settings: Annotated[dict[Text, Any], Field(max_length=60)] = {}
    """Any other settings of stillwater.toml, but those that are the operator's."""


def unfit(error: ValidationError, *within: str) -> InputError:
    """What is wrong with a submission, in one sentence that names the field."""
    first = error.errors()[0]
    return InputError(f"{'.'.join(map(str, (*within, *first['loc'])))}: {first['msg']}")


def file_name(sent: str | None) -> str:
    """The name of a file that was sent, without the folders of whoever sent it."""
    return (sent or "").replace("\\", "/").rpartition("/")[2] or "dataset"


@dataclass
class Desk:
    """Where runs are handed in."""

    worker: Worker
    config_file: Path | None = None
    repositories: Sequence[Path] = ()
    """Folders of this machine that instances may be cloned from."""

    def submit(self, asked: Submission, sent: datasets.Dataset | None = None) -> str:
        """Check all that can be checked, write the run, and queue it; its id.

        `sent` is a dataset that came with it, in place of the named one.

        Raises:
            InputError: it can't be run, and why.
        """
        settings, arms = self._configured(asked)
        wanted = datasets.Selection(
            tuple(asked.instances), tuple(asked.repositories), asked.shuffle, None, asked.limit
        )
        whole = sent or self._named(asked)
        chosen = datasets.select(whole, wanted)
        place = self.worker.place
        self._check_repositories(chosen, place.repositories(settings))
        with self.worker.planning() as alone:
            ready = plans.plan(place, chosen, settings, _ignore, arms=arms, alone=alone)
            run_id = plans.create(self.worker.store, ready)
        self.worker.wake()
        return run_id

    def _named(self, asked: Submission) -> datasets.Dataset:
        if PATH.match(asked.dataset) or asked.dataset.endswith(datasets.FILE_SUFFIXES):
            raise InputError(
                f"{asked.dataset} is a file: send its content, for no path of the server is read"
            )
        return datasets.named(asked.dataset, asked.split)

    def _configured(
        self, asked: Submission
    ) -> tuple[configuration.Config, dict[str, configuration.Config] | None]:
        refused = sorted(asked.settings.keys() & OPERATORS)
        if refused:
            raise InputError(
                f"the setting {refused[0]!r} is the operator's: set it where the service runs, in "
                "stillwater.toml or the environment"
            )
        flags = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in asked.settings.items()
        }
        if asked.model is not None:
            flags["models"] = (asked.model,)
        # As they are read: JSON may write a slash in several ways.
        models = configuration.load(flags, self.config_file).models if "models" in flags else ()
        if any("://" in model for model in models):
            raise InputError(
                "a model's name holds no URL: where models are served is the operator's to set"
            )
        if len(asked.arms) > 1:
            arms = configuration.load_arms(asked.arms, flags, self.config_file)
            settings = self._driven(configuration.load(flags, self.config_file))
            return settings, {name: self._driven(one) for name, one in arms.items()}
        arm = asked.arms[0] if asked.arms else None
        settings = self._driven(configuration.load(flags, self.config_file, arm))
        return settings, ({arm: settings} if arm else None)

    def _driven(self, settings: configuration.Config) -> configuration.Config:
        """The settings with the endpoints that the service drives its runs with until it ends."""
        endpoints = self.worker.place.endpoints
        return settings.model_copy(update={"endpoints": endpoints}) if endpoints else settings

    def _check_repositories(self, dataset: datasets.Dataset, known: Repositories) -> None:
        for instance in dataset.instances:
            url = known.url(instance)
            if not _is_path(url) or any(_is_inside(url, folder) for folder in self.repositories):
                continue
            raise InputError(
                f"{instance.instance_id}: its repository {url} is a path of the server: give a "
                "URL, or have the operator open its folder (stillwater serve --repositories FOLDER)"
            )


def _ignore(text: str) -> None:
    """What a plan notices stands in the run's configuration: `passed_over`, `num_ctx`."""


def _is_path(url: str) -> bool:
    """Whether git might read it from the disk, or start a program for it."""
    known = SAMPLE.fullmatch(url) if url.startswith(BUNDLED) else REMOTE.match(url)
    return known is None


def _is_inside(url: str, folder: Path) -> bool:
    is_url = url.casefold().startswith("file://")
    # Git reads what is escaped in a URL, too, and its first part as a host.
    path = unquote(url[len("file://") :]) if is_url else url
    return not (is_url and path[:1] != "/") and Path(path).expanduser().resolve().is_relative_to(
        folder.resolve()
    )
