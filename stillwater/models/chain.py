"""The chain of models: who of them can be reached, and makes a run's attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillwater.config import Config
from stillwater.errors import InputError
from stillwater.models.reach import Reach, reach


class NoModel(InputError):
    """No model of the chain can be reached."""


@dataclass(frozen=True)
class Chosen:
    """The models that make the attempts, the first of them first, and those that were passed over.

    They are one, unless the configuration has the next of the chain take over.
    """

    reached: Sequence[Reach]
    passed_over: Sequence[Reach]

    @property
    def model(self) -> str:
        """The model of the first attempt."""
        return self.reached[0].model

    @property
    def context(self) -> int | None:
        """The least context length in tokens that a server tells of; None where none does."""
        return min((one.context for one in self.reached if one.context), default=None)

    def notice(self) -> str | None:
        """What a person has to be told, or None where the whole of the chain was reached."""
        if not self.passed_over:
            return None
        lines = [
            f"{one.model}: {one.problem}. To use it: {one.remedy}." for one in self.passed_over
        ]
        names = " and ".join(one.model for one in self.reached)
        return "\n".join([*lines, f"All attempts are made by {names} instead."])


def choose_model(config: Config) -> Chosen:
    """The first model of `config.models` that can be reached; with `model_attempts`, all that can.

    Raises:
        NoModel: none can.
    """
    key = config.api_key.get_secret_value() if config.api_key else None
    reached: list[Reach] = []
    passed: list[Reach] = []
    for model in dict.fromkeys(config.models):
        found = reach(model, config.api_base, key)
        (passed if found.problem else reached).append(found)
        if reached and config.model_attempts is None:
            break
    if reached:
        return Chosen(tuple(reached), tuple(passed))
    why = "; ".join(f"{one.model}: {one.problem} ({one.remedy})" for one in passed)
    raise NoModel(f"no model can be reached: {why}")
