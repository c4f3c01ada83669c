"""Which Ray cluster it is to be, and whether it can be at all, said before a run begins."""

import importlib.util
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillwater.config import Config, ConfigError
from stillwater.errors import InputError, installing
from stillwater.slots import Slot

ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Cluster:
    """The cluster whose head is at `address`, HOST:PORT, or one of our own on this machine.

    `nodes` are the labels that a node needs for a slot of that kind.
    """

    address: str | None = None
    nodes: Mapping[Slot, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config) -> "Cluster":
        """As the configuration says; raises ConfigError for what can't be a label or an address."""
        if config.ray_address is not None:
            _address(config.ray_address)
        model = _label("ray_model_nodes", config.ray_model_nodes)
        sandbox = _label("ray_sandbox_nodes", config.ray_sandbox_nodes)
        needed = {Slot.MODEL: model, Slot.PREPARE: sandbox, Slot.SANDBOX: sandbox}
        return cls(config.ray_address, {slot: label for slot, label in needed.items() if label})

    def check(self) -> None:
        """Whether Ray is installed and something listens at the address.

        Raises:
            InputError: it isn't so.
        """
        if importlib.util.find_spec("ray") is None:
            raise InputError(
                f"The executor ray needs Ray, which isn't installed, {installing('ray')}"
            )
        if self.address is None:
            return
        try:
            socket.create_connection(_address(self.address), ANSWER_SECONDS).close()
        except OSError as error:
            raise InputError(
                f"No Ray cluster answers at {self.address} ({error.strerror or error}): start its "
                "head with `ray start --head`, or leave --ray-address out to use this machine"
            ) from error


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 1 << 16):
        raise ConfigError(f"the Ray address {text!r} isn't HOST:PORT, like 10.0.0.1:6379")
    return host.strip("[]"), int(port)


def _label(name: str, text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise ConfigError(f"{name} can't be {text!r}: write it as LABEL=VALUE")
    return {key: value}
