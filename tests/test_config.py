"""The configuration: where settings come from, and what is said of wrong ones."""

from pathlib import Path

import pytest

from stillwater import config
from stillwater.config import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_flags_override_the_environment_and_that_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stillwater.toml").write_text("attempts = 2\nseed = 2\nnum_ctx = 2048\n")
    monkeypatch.setenv("STILLWATER_ATTEMPTS", "3")
    monkeypatch.setenv("STILLWATER_SEED", "3")
    loaded = config.load({"attempts": "4"})
    assert (loaded.attempts, loaded.seed, loaded.num_ctx) == (4, 3, 2048)


@pytest.mark.parametrize("where", ["set", "file"])
def test_an_unknown_key_is_named_with_its_nearest(where: str, tmp_path: Path) -> None:
    if where == "file":
        (tmp_path / "stillwater.toml").write_text("atempts = 2\n")
    with pytest.raises(ConfigError, match=r"'atempts' is no setting.*attempts"):
        config.load({"atempts": "2"} if where == "set" else {})


@pytest.mark.parametrize("where", ["set", "file", "variable in small letters"])
def test_a_key_that_resume_would_not_have_is_refused(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "file":
        (tmp_path / "stillwater.toml").write_text('api_key = "sk-secret"\n')
    elif where != "set":
        monkeypatch.setenv("stillwater_api_key", "sk-secret")
    with pytest.raises(ConfigError, match="STILLWATER_API_KEY alone") as told:
        config.load({"api_key": "sk-secret"} if where == "set" else {})
    assert "sk-secret" not in str(told.value)


def test_a_misspelt_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLWATER_ATEMPTS", "3")
    with pytest.raises(ConfigError, match="did you mean STILLWATER_ATTEMPTS"):
        config.load()


def test_a_value_out_of_range_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match="'attempts' can't be '0'"):
        config.load({"attempts": "0"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("test_timeout", "inf"), ("model_timeout", 1e999), ("defer_seconds", "nan"),
        ("test_timeout", 1e300), ("seed", 10**30), ("sandbox_slots", str(10**20)),
        ("test_memory", 10**20),
    ],
)  # fmt: skip
def test_a_number_that_no_record_or_clock_can_hold_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"the setting '{name}' can't be "):
        config.load({name: value})


def test_a_file_that_is_not_toml_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "stillwater.toml").write_text("attempts = = 2\n")
    with pytest.raises(ConfigError, match=r"stillwater\.toml"):
        config.load()


def test_set_wants_key_equals_value() -> None:
    with pytest.raises(ConfigError, match="--set KEY=VALUE"):
        config.parse_set(["attempts"])


@pytest.mark.parametrize("value", ["a/b,builtin/mutate", '["a/b", "builtin/mutate"]'])
def test_a_variable_has_a_list_with_commas_or_as_json(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLWATER_MODELS", value)
    assert config.load().models == ("a/b", "builtin/mutate")
    monkeypatch.setenv("STILLWATER_MODELS", "[")
    with pytest.raises(config.ConfigError, match="models"):
        config.load()


def test_models_may_be_set_as_one_word() -> None:
    assert config.load(config.parse_set(["models=a/b,c/d"])).models == ("a/b", "c/d")


def test_a_stored_configuration_comes_back_without_its_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STILLWATER_API_KEY", "sk-secret")
    loaded = config.load({"attempts": "2"})
    stored = config.stored(loaded)
    assert "sk-secret" not in repr(stored)
    assert "api_key" not in stored
    again = config.frozen(stored)
    assert again.model_dump() == loaded.model_dump()
    assert again.api_key is not None
    assert again.api_key.get_secret_value() == "sk-secret"


def test_an_arm_is_a_named_configuration_under_the_flags(tmp_path: Path) -> None:
    (tmp_path / "stillwater.toml").write_text(
        "attempts = 4\nseed = 7\n[arms.calm]\nattempts = 2\nretry_temperature = 0.2\n"
        "[arms.direct]\nattempts = 3\n"
    )
    calm = config.load({"model_slots": 2}, arm="calm")

    assert (calm.attempts, calm.seed, calm.model_slots) == (2, 7, 2)
    assert config.load({"attempts": 5}, arm="calm").attempts == 5
    assert config.load(arm="direct").attempts == 3
    assert config.load().attempts == 4
    assert "arms" not in config.stored(calm)


def test_what_an_arm_says_of_its_models_and_their_server_counts_most_in_a_comparison(
    tmp_path: Path,
) -> None:
    (tmp_path / "stillwater.toml").write_text(
        "[arms.big]\nattempts = 2\nmodels = ['openai/big']\napi_base = 'http://big/v1'\n"
    )
    said = {"models": ("openai/small",), "api_base": "http://small/v1", "attempts": 5}
    arms = config.load_arms(["big", "direct"], said)

    assert (arms["big"].models, arms["big"].api_base) == (("openai/big",), "http://big/v1")
    assert (arms["direct"].models, arms["direct"].api_base) == (
        ("openai/small",), "http://small/v1",
    )  # fmt: skip
    assert {arm.attempts for arm in arms.values()} == {5}


@pytest.mark.parametrize("name", config.SHIPPED)
def test_every_arm_that_is_shipped_can_be_loaded(name: str) -> None:
    assert config.stored(config.load(arm=name))


def test_an_unknown_arm_suggests_one() -> None:
    with pytest.raises(ConfigError, match="no arm pach; did you mean patch"):
        config.load(arm="pach")


def test_a_wrong_setting_in_an_arm_is_named(tmp_path: Path) -> None:
    (tmp_path / "stillwater.toml").write_text("[arms.calm]\natempts = 2\n")
    with pytest.raises(ConfigError, match="'atempts' is no setting"):
        config.load(arm="calm")


def test_the_address_of_a_cluster_says_where_steps_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.load({"ray_address": "a:1"}).executor == "ray"
    assert config.load({"ray_address": "a:1", "executor": "threads"}).executor == "threads"
    monkeypatch.setenv("STILLWATER_RAY_ADDRESS", "a:1")
    assert config.load().executor == "ray"


@pytest.mark.parametrize("name", ["_cli_parse_args", "_env_prefix", "toml_file", "model_config"])
def test_what_is_no_setting_is_none_however_it_is_called(name: str) -> None:
    with pytest.raises(ConfigError, match="is no setting"):
        config.load({name: ["--api_base=http://elsewhere"]})


def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "s.toml").write_text("seed = 1\n")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError, match="Permission denied"):
        config.load(None, tmp_path / "s.toml")
