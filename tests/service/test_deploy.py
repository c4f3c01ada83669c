"""What the service is deployed with: it starts what exists, tells no secret, lets nobody in."""

import configparser
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from stillwater.cli.main import app

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "docs" / "deploy" / "stillwater.service"
FILES = ("Dockerfile", "compose.yaml", ".dockerignore", "docs/deploy/stillwater.service")


@pytest.fixture
def unit() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(UNIT)
    return parsed


@pytest.fixture
def compose() -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    service = found["stillwater"]
    assert isinstance(service, dict)
    return service


def flags(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("--")}


def known(command: str) -> set[str]:
    """The flags of that command."""
    commands = getattr(get_command(app), "commands", {})
    return {flag for option in commands[command].params for flag in option.opts}


def test_the_unit_starts_what_exists(unit: configparser.ConfigParser) -> None:
    program, command, *words = shlex.split(unit["Service"]["ExecStart"])
    assert (Path(program).name, command) == ("stillwater", "serve")
    assert flags(words) <= known("serve")


def test_the_unit_ends_it_as_it_wants_to_be_ended(unit: configparser.ConfigParser) -> None:
    service = unit["Service"]
    assert service["KillSignal"] == "SIGTERM"
    assert service["SuccessExitStatus"] == str(128 + 15)
    assert service["Restart"] == "on-failure"
    assert int(service["TimeoutStopSec"]) >= 20
    assert service["User"] != "root"


def test_the_unit_leaves_the_sandboxes_their_walls(unit: configparser.ConfigParser) -> None:
    breaking = {
        "RestrictNamespaces", "SystemCallFilter", "MemoryDenyWriteExecute", "NoExecPaths",
        "ProtectProc", "ProcSubset", "ProtectKernelTunables", "PrivateDevices", "PrivateUsers",
        "PrivateNetwork", "ProtectControlGroups", "RestrictAddressFamilies", "DynamicUser",
    }  # fmt: skip
    assert not breaking & set(unit["Service"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    (tmp_path / UNIT.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / UNIT.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert UNIT.name not in done.stderr


def test_the_image_starts_what_exists_and_not_as_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    last = text[text.rindex("\nFROM ") :]
    (user,) = re.findall(r"^USER (\S+)$", last, re.MULTILINE)
    assert user not in {"root", "0"}
    (words,) = re.findall(r"^CMD (\[.*\])$", last, re.MULTILINE)
    command, *rest = yaml.safe_load(words)
    assert command == "serve"
    assert flags(rest) <= known("serve")
    assert "/api/health" in last
    assert "--require-hashes" in text


def test_what_the_image_is_made_of_is_let_in() -> None:
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    sources = [source for line in copied for source in line.split()]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.partition("/")[0] in let_in, source


def test_only_this_machine_reaches_the_container(compose: dict[str, object]) -> None:
    ports = compose["ports"]
    assert isinstance(ports, list)
    assert all(str(port).startswith("127.0.0.1:") for port in ports)
    environment = compose["environment"]
    assert isinstance(environment, dict)
    assert str(environment["STILLWATER_TOKEN"]).startswith("${STILLWATER_TOKEN:?")
    assert "docker.sock" not in str(compose)


@pytest.mark.parametrize("file", FILES)
def test_no_secret_is_written_down(file: str) -> None:
    text = (ROOT / file).read_text()
    assert not re.search(r"STILLWATER_(?:TOKEN|API_KEY)[=:] ?['\"]?[A-Za-z0-9]{8,}", text)


def test_the_service_is_pinned_to_what_the_tests_run_on() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert not re.search(r"^(?:-i|--(?:extra-)?index-url|--find-links|-f)\b", text, re.M)
        found = re.findall(r"^(\S+==\S+)(.*)((?:\n    --hash=.*)*)", text, re.MULTILINE)
        assert all(hashes for _, _, hashes in found)
        return {pin for pin, _, _ in found}

    service, dev, run = pins("service"), pins("dev"), pins("run")
    assert run <= service <= dev
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {*project["dependencies"], *project["optional-dependencies"]["service"]}
    assert {re.sub(r"\[.*\]", "", one).lower() for one in wanted} <= service
    assert "mypy" not in {pin.partition("==")[0] for pin in service}
