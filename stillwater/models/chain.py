"""The chain of models: the first that can be reached makes a run's attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillwater.config import Config
from stillwater.errors import InputError
from stillwater.models.reach import Reach, Served, reach


class NoModel(InputError):
    """No model of the chain can be reached."""


@dataclass(frozen=True)
class Chosen:
    """The model that makes the attempts, and those before it in the chain that were passed over."""

    model: str
    passed_over: Sequence[Reach]
    context: int | None
    served: Served

    def notice(self) -> str | None:
        """What a person has to be told, or None where the first of the chain was reached."""
        if not self.passed_over:
            return None
        lines = [
            f"{one.model}: {one.problem}. To use it: {one.remedy}." for one in self.passed_over
        ]
        return "\n".join([*lines, f"All attempts are made by {self.model} instead."])


def choose_model(config: Config) -> Chosen:
    """The first model of `config.models` that can be reached.

    Raises:
        NoModel: none can.
    """
    key = config.api_key.get_secret_value() if config.api_key else None
    passed: list[Reach] = []
    for model in config.models:
        found = reach(model, config.api_base, key)
        if found.problem is None:
            return Chosen(model, tuple(passed), found.context, found.served)
        passed.append(found)
    why = "; ".join(f"{one.model}: {one.problem} ({one.remedy})" for one in passed)
    raise NoModel(f"no model can be reached: {why}")
