"""One comparison that ran in parts, on several machines or nights, put together from their reports.

A part is what `report --json` wrote. Parts fit if all that decides a repair is the same in them:
the arms, their settings and models, the version; where they ran may differ.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from stillwater.comparison.assembled import assembled
from stillwater.comparison.model import ArmFigures, ArmRecord, Comparison, RunFacts
from stillwater.config import RUN_WIDE
from stillwater.errors import InputError
from stillwater.models.price import total

WHERE = RUN_WIDE | {"api_base", "passed_over", "served", "served_apart", "versions"}
"""What the configuration says of where a part ran, not of how it repaired."""

MOST_ATTEMPTS = 100_000
"""Of an arm, so that a file can't fill the memory."""


class PartError(InputError):
    """A file is no report of a comparison, or parts of several comparisons are mixed."""


class Served(BaseModel):
    """What a model's server told of its weights."""

    digest: str | None


class Settings(BaseModel, extra="allow"):
    """The run's configuration."""

    served: dict[str, Served] = {}
    served_apart: dict[str, dict[str, Served]] = {}
    arms: dict[str, dict[str, Any]] = {}


class Told(BaseModel, allow_inf_nan=False):
    """A report of a comparison, as far as parts are put together from it."""

    runs: Annotated[list[RunFacts], Field(min_length=1)]
    feedback_note: str | None
    config: Settings
    comparison: Comparison

    @model_validator(mode="before")
    @classmethod
    def _of_one_run(cls, told: Any) -> Any:
        if not isinstance(told, dict):
            return told
        if "comparison" in told and told["comparison"] is None:
            raise PydanticCustomError("one_arm", "it has one arm, and nothing to compare")
        return {"runs": [told["run"]], **told} if "run" in told else told

    @field_validator("comparison")
    @classmethod
    def _bounded(cls, told: Comparison) -> Comparison:
        if not all(1 <= arm.attempts <= MOST_ATTEMPTS for arm in told.arms):
            raise PydanticCustomError("attempts", "an arm has no number of attempts")
        return told


@dataclass(frozen=True)
class Part:
    """A report, and the file that it was read from."""

    file: Path
    told: Told


def read(file: Path) -> Part:
    """The part that the file holds: `report --json` of one run, or parts put together before.

    Raises:
        PartError: it can't be read, or isn't the report of a comparison.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PartError(f"{file} can't be read: {error.strerror or error}") from error
    try:
        return Part(file, Told.model_validate_json(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"{key}." for key in first["loc"])[:-1]
        why = f"{where}: {first['msg']}" if where else first["msg"]
        raise PartError(
            f"{file} is not the report of a comparison ({why}): write it with report --json"
        ) from error


def together(parts: Sequence[Part]) -> Told:
    """The parts as one comparison.

    Raises:
        PartError: they are not parts of one comparison, or an instance is counted in two of them.
    """
    first, *others = parts
    for other in others:
        _check_fits(first, other)
        _check_models(first, other)
    _check_weights(parts)
    _check_apart(parts)
    comparisons = [part.told.comparison for part in parts]
    records = [
        _record([one for told in comparisons for one in told.arms if one.arm == arm.arm])
        for arm in first.told.comparison.arms
    ]
    counted = {one.instance_id for record in records for one in record.machines}
    left_out = {name for told in comparisons for name in told.left_out} - counted
    return Told(
        runs=[run for part in parts for run in part.told.runs],
        feedback_note=first.told.feedback_note,
        config=first.told.config.model_copy(update=_served(parts)),
        comparison=assembled(records, left_out),
    )


def _served(parts: Sequence[Part]) -> dict[str, Any]:
    """Of each model what is known of its weights from any part, as the configuration has it."""
    configs = [part.told.config for part in parts]
    arms = {name: None for config in configs for name in config.served_apart}
    return {
        "served": _known(config.served for config in configs),
        "served_apart": {
            name: _known(config.served_apart.get(name, {}) for config in configs) for name in arms
        },
    }


def _known(told: Iterable[Mapping[str, Served]]) -> dict[str, Served]:
    items = (item for one in told for item in one.items())
    return dict(sorted(items, key=lambda item: item[1].digest is not None))


def _record(arms: Sequence[ArmFigures]) -> ArmRecord:
    ends: Counter[str] = Counter()
    for arm in arms:
        ends.update(arm.ends)
    return ArmRecord(
        arm=arms[0].arm,
        models=tuple(dict.fromkeys(model for arm in arms for model in arm.models)),
        feedback=arms[0].feedback,
        attempts=arms[0].attempts,
        settings=arms[0].settings,
        ends=ends,
        cost=total(arm.cost for arm in arms),
        machines=tuple(one for arm in arms for one in arm.machines),
    )


def _check_fits(first: Part, other: Part) -> None:
    decides, as_well = _deciding(first.told), _deciding(other.told)
    for what in sorted(decides.keys() | as_well.keys()):
        if decides.get(what) != as_well.get(what):
            raise PartError(
                f"{first.file} and {other.file} are not parts of one comparison: "
                f"{what} is {decides.get(what)!r} in one and {as_well.get(what)!r} in the other"
            )


def _check_models(first: Part, other: Part) -> None:
    """That each arm asked the same model; how far one comes along a chain may differ."""
    config = first.told.config
    whole = config.model_dump()
    pairs = zip(first.told.comparison.arms, other.told.comparison.arms, strict=True)
    for one, two in pairs:
        settings = whole | config.arms.get(one.arm, {})
        both_asked = one.calls and two.calls
        if settings.get("model_attempts") is not None or not both_asked:
            continue
        if set(one.models) != set(two.models):
            raise PartError(
                f"{first.file} and {other.file} are not parts of one comparison: the arm {one.arm} "
                f"asked {', '.join(one.models)} in one and {', '.join(two.models)} in the other"
            )


def _check_weights(parts: Sequence[Part]) -> None:
    seen: dict[str, tuple[str, Path]] = {}
    for part in parts:
        config = part.told.config
        apart = [
            (f"{model} for the arm {arm}", served)
            for arm, own in config.served_apart.items()
            for model, served in own.items()
        ]
        for model, served in (*config.served.items(), *apart):
            if served.digest is None:
                continue
            digest, file = seen.setdefault(model, (served.digest, part.file))
            if served.digest != digest:
                raise PartError(f"{file} and {part.file} had other weights of {model}")


def _deciding(told: Told) -> Mapping[str, Any]:
    """What must be the same in all parts, by what it is called."""
    own = {f"the arm {name}": _how(settings) for name, settings in told.config.arms.items()}
    arms = [one.arm for one in told.comparison.arms]
    facts = {"the version": told.runs[0].version, "the list of arms": arms}
    return {**facts, **own, **_how(told.config.model_dump(exclude={"arms"}))}


def _how(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in WHERE}


def _check_apart(parts: Sequence[Part]) -> None:
    seen: dict[str, Path] = {}
    for part in parts:
        machines = part.told.comparison.arms[0].machines if part.told.comparison.arms else ()
        for name in (one.instance_id for one in machines):
            if name in seen:
                raise PartError(f"{seen[name]} and {part.file} both count the instance {name}")
            seen[name] = part.file
