"""Devices by name, as the Container Device Interface has them (CNCF, "CDI specification"): what a device changes."""

from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNode:
    """`host_path` is where it is on the host, `path` inside. Numbers were looked up where the file does not say."""

    path: str
    host_path: str
    type: str
    major: int
    minor: int
    mode: int = 0o666
    uid: int = 0
    gid: int = 0
    permissions: str = "rwm"


@dataclass(frozen=True, slots=True, kw_only=True)
class CdiMount:
    host_path: str
    container_path: str
    type: str = ""
    options: tuple[str, ...] = ("ro", "nosuid", "nodev", "rbind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """`name` is one of the OCI runtime-spec's: createRuntime, createContainer, startContainer, poststart, poststop …"""

    name: str
    path: str
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What becomes of a container that has the device."""

    env: tuple[str, ...] = ()
    nodes: tuple[DeviceNode, ...] = ()
    mounts: tuple[CdiMount, ...] = ()
    hooks: tuple[Hook, ...] = ()
    additional_gids: tuple[int, ...] = ()

    def __add__(self, other: "Edits") -> "Edits":
        """Both; what is in both counts once."""
        return Edits(
            env=_joined(self.env, other.env),
            nodes=_joined(self.nodes, other.nodes),
            mounts=_joined(self.mounts, other.mounts),
            hooks=_joined(self.hooks, other.hooks),
            additional_gids=_joined(self.additional_gids, other.additional_gids),
        )


def _joined(one: tuple[T, ...], other: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*one, *other)))
