"""The form that submits a run: what was typed, and the submission that it makes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from stillwater import config as configuration
from stillwater import datasets
from stillwater.datasets import names
from stillwater.errors import InputError
from stillwater.service.submit import Desk, Submission, file_name, unfit

DATASETS = ("samples", *names.HUB)
WHOLE = re.compile("[0-9]{1,9}")
CHOICES = ("attempts", "sandbox", "feedback")
"""Settings that have a field of their own."""


@dataclass(frozen=True)
class Typed:
    """The fields of the form as they came."""

    dataset: str = "samples"
    split: str = "test"
    instances: str = ""
    model: str = ""
    limit: str = ""
    attempts: str = ""
    sandbox: str = ""
    feedback: str = ""
    settings: str = ""
    arms: Sequence[str] = ()
    file_name: str = ""
    content: bytes = b""

    def submission(self) -> Submission:
        """What is asked for; InputError, in one sentence, if a field can't be that."""
        settings: dict[str, Any] = {
            name: value for name in CHOICES if (value := getattr(self, name)) != ""
        }
        for line in filter(None, map(str.strip, self.settings.splitlines())):
            if "=" not in line:
                raise InputError(f"other settings: {line}: write it as KEY=VALUE")
            settings.update(configuration.parse_set([line]))
        if self.limit and not WHOLE.fullmatch(self.limit):
            raise InputError(f"limit: {self.limit} is no whole number")
        try:
            return Submission(
                dataset=self.dataset or "samples",
                split=self.split or "test",
                instances=self.instances.replace(",", " ").split(),
                limit=int(self.limit) if self.limit else None,
                arms=list(self.arms),
                model=self.model or None,
                settings=settings,
            )
        except ValidationError as error:
            raise unfit(error) from error

    def sent(self) -> datasets.Dataset | None:
        """The dataset that came with it, if one did."""
        return datasets.parse(self.file_name, self.content) if self.file_name else None


async def typed(request: Request) -> Typed:
    """What a person sent with the form."""
    words = ("dataset", "split", "instances", "model", "limit", *CHOICES, "settings")
    async with request.form() as form:
        upload = form.get("file")
        sent = upload if isinstance(upload, UploadFile) and upload.filename else None
        return Typed(
            **{name: _word(form, name) for name in words},
            arms=[str(one) for one in form.getlist("arms")],
            file_name=file_name(sent.filename) if sent else "",
            content=await sent.read() if sent else b"",
        )


def arms(desk: Desk) -> list[str]:
    """The names of the arms that may be chosen."""
    try:
        own = configuration.load(None, desk.config_file).arms
    except InputError:
        own = {}
    return list(dict.fromkeys([*configuration.SHIPPED, *own]))


def _word(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
