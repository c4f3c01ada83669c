"""The chain of models: who of them can be reached, where, and makes a run's attempts."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from stillwater.config import Config
from stillwater.errors import InputError
from stillwater.models.client import BUILTIN
from stillwater.models.endpoints import OtherWeights, endpoints
from stillwater.models.pool import Pool
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
        absent = [line for one in self.reached for line in one.absent]
        lines = [f"{line}. The run begins without it." for line in dict.fromkeys(absent)]
        if self.passed_over:
            lines += [
                f"{one.model}: {one.problem}. To use it: {one.remedy}." for one in self.passed_over
            ]
            names = " and ".join(one.model for one in self.reached)
            lines.append(f"All attempts are made by {names} instead.")
        return "\n".join(lines) or None


def choose_model(config: Config) -> Chosen:
    """The first model of `config.models` that can be reached; with `model_attempts`, all that can.

    Raises:
        NoModel: none can.
        OtherWeights: the endpoints don't serve the same.
        EndpointError: what is listed as an endpoint is none.
    """
    bases = bases_of(config)
    reached: list[Reach] = []
    passed: list[Reach] = []
    for model in dict.fromkeys(config.models):
        found = reach_any(model, bases, config.key)
        (passed if found.problem else reached).append(found)
        if reached and config.model_attempts is None:
            break
    if reached:
        return Chosen(tuple(reached), tuple(passed))
    why = "; ".join(f"{one.model}: {one.problem} ({one.remedy})" for one in passed)
    raise NoModel(f"no model can be reached: {why}")


def bases_of(config: Config) -> tuple[str | None, ...]:
    """Where the configuration's models are served: None stands for the provider's default.

    Raises:
        EndpointError: what is listed as an endpoint is none.
    """
    if config.api_base is not None or not config.endpoints:
        return (config.api_base,)
    return tuple(one.url for one in endpoints(config.endpoints, config.model_slots))


def reach_any(model: str, bases: Sequence[str | None], key: str | None) -> Reach:
    """Ask all servers of `model`: it's reached if one has it; `absent` says why others haven't.

    Raises:
        OtherWeights: two tell different digests.
    """
    if len(bases) == 1 or model.startswith(BUILTIN):
        return reach(model, bases[0] if bases else None, key)
    with ThreadPoolExecutor(len(bases)) as pool:
        found = list(pool.map(lambda base: reach(model, base, key), bases))
    there = [one for one in found if one.problem is None]
    problems = [one.problem for one in found if one.problem is not None]
    if not there:
        return replace(found[0], problem="; ".join(problems))
    told = {one.served.digest: base for one, base in zip(found, bases, strict=True)}
    told.pop(None, None)
    if len(told) > 1:
        each = " and ".join(f"{digest} at {base}" for digest, base in told.items())
        raise OtherWeights(f"the endpoints serve different weights of {model}: {each}")
    context = min((one.context for one in there if one.context), default=None)
    return replace(there[0], context=context, absent=tuple(problems))


def pool_of(config: Config, models: Iterable[str], served: Mapping[str, str | None]) -> Pool | None:
    """What shares the endpoints among a run's machines; None where the run has none.

    `models` are those that it asks; `served` are the digests that their weights must have.

    Raises:
        EndpointError: what is listed as an endpoint is none.
    """
    if not config.endpoints or config.api_base is not None:
        return None
    asked = [model for model in dict.fromkeys(models) if not model.startswith(BUILTIN)]

    def check(url: str) -> str | None:
        for model in asked:
            found = reach(model, url, config.key)
            if found.problem is not None:
                return found.problem
            digest, wanted = found.served.digest, served.get(model)
            if digest and wanted and digest != wanted:
                raise OtherWeights(f"{url} serves other weights of {model}: {digest}, not {wanted}")
        return None

    return Pool(lambda: endpoints(config.endpoints, config.model_slots), check)
