"""The configuration of a run: stillwater.toml, then STILLWATER_…, then flags; then frozen."""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from stillwater.errors import InputError
from stillwater.prompt import Way

LISTS = frozenset({"models", "skills", "ways", "endpoints"})
"""The settings that are lists."""
PREFIX = "STILLWATER_"
KEY_VARIABLE = f"{PREFIX}API_KEY"
TOML = Path("stillwater.toml")
MOST, MOST_SECONDS = 10**15, 10**9
"""No number of a setting is larger: JSON holds them exactly, and the clock takes thirty years."""
DEFAULT_MODELS = ("ollama_chat/llama3.1:8b", "builtin/mutate")


SHIPPED: Mapping[str, dict[str, Any]] = tomllib.loads(
    files("stillwater").joinpath("arms.toml").read_text("utf-8")
)["arms"]
"""The arms that come with Stillwater."""


class ConfigError(InputError):
    """A setting is unknown or has a value it can't have."""


def _words(value: object) -> object:
    """What commas or JSON part in a text; anything else as it is."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return tuple(one.strip() for one in value.split(","))


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Config(BaseSettings):
    """Every setting of a run. Times are seconds, sizes are bytes unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        allow_inf_nan=False,
    )
    toml_file: ClassVar[Path | None] = None

    models: Words = Field(DEFAULT_MODELS, min_length=1)
    """The chain: the first that answers makes the attempts."""
    model_attempts: int | None = Field(None, ge=1)
    """After how many attempts without success the next model of the chain takes over; if not set,
    the first that answers makes all."""
    api_base: str | None = None
    """Where an OpenAI-compatible or Ollama server listens, if not at its default."""
    endpoints: Words = ()
    """Several servers of the same models, in place of `api_base`: URLs, or files with a URL on each
    line that are read again while a run goes. `URL N` takes N requests at once, `URL` alone
    `model_slots`."""
    api_key: SecretStr | None = Field(None, exclude=True)
    """Never stored; from the environment on every start."""

    attempts: int = Field(6, ge=1, le=100)
    feedback: Literal["tests", "visible"] = "tests"
    ways: Annotated[tuple[Way, ...], NoDecode, BeforeValidator(_words)] = Field(
        ("explained", "definition", "file"), min_length=1
    )
    """What the attempts ask for in turn: `definition` (corrected definitions), `file` (the whole
    corrected file, where it is short enough for an answer; otherwise definitions), `explained`
    (definitions after a longer explanation), `anew` (the likeliest function, whose old body isn't
    shown) or `diff`."""
    skills: Words = ()
    """Markdown files that join the instruction: skills/NAME.md of one's own, or a shipped one."""
    skill_tokens: int = Field(600, ge=0)
    """How many tokens they may take together."""
    skill_texts: dict[str, str] = {}
    """Their texts, filled in when a run is planned; one may be given here instead of in a file."""
    find_suspects: bool = True
    """Whether READ runs the tests once more to see which functions the failing ones call, where the
    model may know of these tests and they take no more than ten minutes."""
    showing: Literal["files", "snippets"] = "files"
    """Whole files and definitions, or snippets of 1 KB as a usual retrieval has them."""
    applying: Literal["forgiving", "strict", "git"] = "forgiving"
    """How edits are read and placed: all that is certain repaired; or nothing, the code just in
    place of LINES; or the answer taken for a diff and given to `git apply`."""
    retry: Literal["feedback", "resample", "mixed"] = "mixed"
    """What a later attempt is told: what the earlier ones tried and what came of it (`feedback`);
    nothing, so that it differs by its way, seed and temperature alone (`resample`); or nothing the
    first time in each of the ways, and from then on nothing and all in turn (`mixed`)."""
    num_ctx: int = Field(16384, ge=1024)
    """Context length in tokens, prompt and answer together; one value for the whole run."""
    max_tokens: int = Field(1536, ge=64)
    """The longest answer, in tokens."""
    thinking_tokens: int = Field(0, ge=0)
    """What a model that thinks before it answers may think, in tokens, besides its answer; 0 for
    one that doesn't."""
    max_files: int = Field(10, ge=1)
    temperature: float = Field(0.0, ge=0, le=2)
    """Of the first attempt in each of the ways."""
    retry_temperature: float = Field(0.7, ge=0, le=2)
    """Of every later attempt, and after an answer that says again what an earlier one did."""
    seed: int = 0
    """Of attempt 1; attempt k uses seed + k - 1."""
    model_timeout: float = Field(900.0, gt=0)

    sandbox: Literal["auto", "docker", "local"] = "auto"
    docker_image: str = "python:3.11-slim"
    image_budget: int | None = Field(None, ge=1)
    """How many bytes the images that are pulled for instances may take; the least recently used go.
    If not set, all stay."""
    test_timeout: float = Field(1800.0, gt=0)
    """Seconds of one run of the tests; after READ also ten times what they took there, at least
    30 s, where all of them ran then."""
    setup_timeout: float = Field(3600.0, gt=0)
    test_memory: int = Field(4 << 30, ge=64 << 20)
    test_pids: int = Field(512, ge=16)
    test_disk: int = Field(8 << 30, ge=1 << 20)
    test_cpus: float | None = Field(None, gt=0)
    """How many processors one test run may use, also in part; all if not set."""
    test_output: int = Field(16 << 20, ge=1 << 16)

    model_slots: int = Field(1, ge=1)
    """How many requests at once the model's server takes; of several `endpoints` each."""
    sandbox_slots: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    max_defers: int = Field(50, ge=0)
    """How often in a row the world may fail one machine before it is aborted. What serves no
    other machine either (a server that is gone) stops the run once all wait, to be resumed."""
    defer_seconds: float = Field(2.0, gt=0)
    """The first wait; doubled each time, up to five minutes."""

    executor: Literal["threads", "ray"] = Field("threads", exclude=True)
    """Where steps are carried out: on threads of this process, or on a Ray cluster. Not stored, nor
    are the settings of Ray: a run may go on elsewhere than it began."""
    ray_address: str | None = Field(None, exclude=True)
    """The cluster's head, HOST:PORT, which says that the executor is `ray` where nothing else
    does; with that executor alone Ray is started on this machine."""
    ray_model_nodes: str | None = Field(None, exclude=True)
    """LABEL=VALUE: only nodes with this label of Ray's ask the model."""
    ray_sandbox_nodes: str | None = Field(None, exclude=True)
    """LABEL=VALUE: only nodes with this label of Ray's run tests."""

    lease_seconds: float = Field(30.0, gt=0)
    """How long a scheduler may give no sign of life (paused, frozen) before another takes over."""

    heads_git: str | None = None
    """A git repository that heads of the chain are committed to, on refs/notes/stillwater, once a
    minute: whoever can write to the database alone can't rewrite a run's past then."""

    certificate_key: str | None = Field(None, exclude=True)
    """A file with the ed25519 private key, in PEM, that certificates are signed with: `stillwater
    key new FILE` makes one. Only its path is a setting, and that isn't stored either."""

    arms: dict[str, dict[str, Any]] = Field({}, exclude=True)
    """Named configurations, each some of these settings: [arms.NAME] tables of the file."""

    repo_url: str = "https://github.com/{owner}/{name}.git"
    """Where an instance without repo_url is cloned from."""

    @property
    def key(self) -> str | None:
        """The API key as text, for who asks a model's server."""
        return self.api_key.get_secret_value() if self.api_key else None

    @property
    def reply_tokens(self) -> int:
        """What the context keeps free for thinking and answer."""
        return self.thinking_tokens + self.max_tokens

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the file that `load` named."""
        sources: list[PydanticBaseSettingsSource] = [init_settings]
        if isinstance(env_settings, EnvSettingsSource):
            sources.append(env_settings)
        if cls.toml_file is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, toml_file=cls.toml_file))
        return tuple(sources)


RUN_WIDE = frozenset(
    {
        "sandbox", "docker_image", "image_budget", "model_slots", "sandbox_slots", "max_defers",
        "defer_seconds", "lease_seconds", "heads_git", "repo_url", "executor", "ray_address",
        "ray_model_nodes", "ray_sandbox_nodes", "endpoints",
    }
)  # fmt: skip
"""What the arms of one run share: where and how it runs, not how it repairs."""
OF_AN_ARM = frozenset({"models", "api_base"})
"""What an arm's own word counts more in than what is said for all of a comparison."""
NOT_OF_A_RUN = ("db", "token")
"""What the environment may also say: which database, and the secret of the service."""
ARM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def load(
    overrides: Mapping[str, Any] | None = None, file: Path | None = None, arm: str | None = None
) -> Config:
    """The configuration from `file` (./stillwater.toml if it exists), environment and overrides.

    What the named `arm` says counts more than the file and the environment, less than `overrides`.

    Raises:
        ConfigError: an unknown key or arm, or a value that its setting can't have.
    """
    if arm is not None:
        arms = {**SHIPPED, **load(None, file).arms}
        return load(_arm(arms, arm) | dict(overrides or {}), file)
    chosen = file or (TOML if TOML.is_file() else None)
    if file is not None and not file.is_file():
        raise ConfigError(f"{file}: no such file; give --config an existing TOML file")
    _refuse_misspelt_environment()
    from_file = type("ConfigFromFile", (Config,), {"toml_file": chosen})
    for name in overrides or {}:
        # pydantic-settings takes further arguments, which say where settings come from.
        if name not in Config.model_fields:
            raise ConfigError(_unknown(name, chosen))
    try:
        loaded = from_file(**dict(overrides or {}))
    except ValidationError as error:
        raise ConfigError(_sentence(error, chosen)) from error
    except (ValueError, OSError) as error:
        raise ConfigError(f"{chosen or 'the environment'}: {error}") from error
    for name in Config.model_fields:
        value = getattr(loaded, name)
        most = MOST_SECONDS if isinstance(value, float) else MOST
        if isinstance(value, int | float) and abs(value) > most:
            raise ConfigError(f"the setting {name!r} can't be {value}: {most:,} is the most")
    if loaded.key and loaded.key != os.environ.get(KEY_VARIABLE):
        raise ConfigError(
            f"api_key: give it by {KEY_VARIABLE} alone, in capitals: what a run is told is stored, "
            "and keys never are"
        )
    values = {name: getattr(loaded, name) for name in Config.model_fields}
    if loaded.ray_address is not None and "executor" not in loaded.model_fields_set:
        values["executor"] = "ray"
    return Config.model_construct(**values)


def load_arms(
    names: Sequence[str], overrides: Mapping[str, Any], file: Path | None = None
) -> dict[str, Config]:
    """The configurations of several arms that one run is to compare.

    What an arm says of its models and their server counts more than `overrides` does.

    Raises:
        ConfigError: as `load` does; or an arm is named twice, or sets what all arms share.
    """
    known = {**SHIPPED, **load(None, file).arms}
    found: dict[str, Config] = {}
    for name in names:
        if name in found:
            raise ConfigError(f"--arm {name} is given twice")
        own = _arm(known, name)
        shared = sorted(own.keys() & RUN_WIDE)
        if shared:
            raise ConfigError(
                f"[arms.{name}] sets {shared[0]}, which the arms of one run share: "
                "set it for all of them, outside the arm"
            )
        asked = {key: value for key, value in own.items() if key in OF_AN_ARM}
        try:
            found[name] = load({**own, **overrides, **asked}, file)
        except ConfigError as error:
            raise ConfigError(f"[arms.{name}]: {error}") from error
    return found


def _arm(arms: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name not in arms:
        near = difflib.get_close_matches(name, arms, 1, 0.6)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"there is no arm {name}; {hint}there are {', '.join(sorted(arms))}")
    if not ARM_NAME.fullmatch(name):
        raise ConfigError(f"[arms.{name}]: call it by letters, digits, dots, dashes, at most 40")
    return arms[name]


def frozen(stored: Mapping[str, Any], arm: str | None = None) -> Config:
    """The configuration that a stored run, or one of its arms, was made with.

    Only the API key is today's.
    """
    key = os.environ.get(KEY_VARIABLE)
    told = {**stored, **own_settings(stored, arm)}
    values = {name: told[name] for name in Config.model_fields if name in told and name != "arms"}
    for name in LISTS & values.keys():
        values[name] = tuple(values[name])
    return Config.model_construct(**values, api_key=SecretStr(key) if key else None)


def own_settings(stored: Mapping[str, Any], arm: str | None) -> Mapping[str, Any]:
    """What that arm of a stored run sets otherwise than the run; nothing of a run of one arm."""
    own: Mapping[str, Any] = stored.get("arms", {}).get(arm, {})
    return own


def frozen_arms(stored: Mapping[str, Any]) -> dict[str, Config]:
    """The configurations of a stored run's arms by name; none for a run of one configuration."""
    return {name: frozen(stored, name) for name in stored.get("arms", {})}


def differences(base: Config, other: Config) -> dict[str, Any]:
    """What `other` sets otherwise than `base`, as it is written into the run."""
    ours, theirs = stored(base), stored(other)
    return {name: value for name, value in theirs.items() if value != ours[name]}


def stored(config: Config) -> dict[str, Any]:
    """The configuration as it is written into the run: JSON, without secrets."""
    return config.model_dump(mode="json")


def parse_set(assignments: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` words as a mapping; raises ConfigError for one without `=`."""
    pairs = [word.partition("=") for word in assignments]
    for key, equals, _ in pairs:
        if not equals:
            raise ConfigError(f"--set {key}: write it as --set KEY=VALUE")
    return {key.strip(): value for key, _, value in pairs}


def _refuse_misspelt_environment() -> None:
    known = [PREFIX + name.upper() for name in (*Config.model_fields, *NOT_OF_A_RUN)]
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.85)
            if near:
                raise ConfigError(
                    f"{name} in the environment is no setting; did you mean {near[0]}?"
                )


def _unknown(name: str, file: Path | None) -> str:
    near = difflib.get_close_matches(name, list(Config.model_fields), 3, 0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see `stillwater run --help`"
    return f"{name!r} is no setting (in --set or {file or TOML}); {hint}"


def _sentence(error: ValidationError, file: Path | None) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "?"
    if first["type"] == "extra_forbidden":
        return _unknown(name, file)
    return f"the setting {name!r} can't be {first['input']!r}: {first['msg'].lower()}"
