"""An instance: one bug to repair, as SWE-bench's rows have it, with the extension fields."""

import json
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _test_ids(value: object) -> object:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError("a list of test ids, or that list as a JSON string") from error
    return value


TestIds = Annotated[tuple[str, ...], BeforeValidator(_test_ids)]


class Instance(BaseModel):
    """One bug to repair. Field names are the dataset's own; unknown fields are left in the row."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    instance_id: str
    repo: str
    base_commit: str
    problem_statement: str
    FAIL_TO_PASS: TestIds
    PASS_TO_PASS: TestIds = ()
    patch: str = ""
    test_patch: str = ""
    version: str | None = None
    image: str | None = None
    eval_script: str | None = None
    eval_type: str | None = None
    repo_url: str | None = None
    setup_command: str | None = None
    environment: str | None = None
    test_command: str | None = None
    log_parser: str | None = None

    @property
    def runs_in_image(self) -> bool:
        """Whether its tests run in an image of its own, by its own script."""
        return bool(self.image and self.eval_script and not self.test_command)
