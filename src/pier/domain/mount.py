"""Mounts: what a user asks for, and what a container got."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

MountType = Literal["bind", "volume", "tmpfs", "image", "npipe", "cluster"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MountRequest:
    """One entry of HostConfig.Mounts (`docker run --mount`)."""

    type: MountType
    source: str = ""
    target: str = ""
    read_only: bool = False
    consistency: str = ""
    propagation: str = ""
    non_recursive: bool = False
    create_mountpoint: bool = False
    read_only_non_recursive: bool = False
    read_only_force_recursive: bool = False
    no_copy: bool = False
    subpath: str = ""
    volume_labels: Mapping[str, str] = field(default_factory=dict)
    volume_driver: str = ""
    volume_driver_options: Mapping[str, str] = field(default_factory=dict)
    tmpfs_size: int = 0
    tmpfs_mode: int = 0
    tmpfs_options: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPoint:
    """A mount as resolved at create and stored with the container.

    `source` is a path on the host; for a volume it is the volume's directory and `name` is the volume.
    `mode` is what the user wrote behind the second colon. `anonymous` volumes go with the container.
    """

    type: MountType
    destination: str
    source: str = ""
    name: str = ""
    driver: str = ""
    mode: str = ""
    writable: bool = True
    propagation: str = ""
    subpath: str = ""
    anonymous: bool = False
    copy_up: bool = False
    recursive_read_only: bool = False
    non_recursive: bool = False
    options: tuple[str, ...] = ()  # tmpfs: further mount options, as `size=64m`
    request: MountRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesystemMount:
    """What mount(2) takes: a snapshot's root as the snapshotter describes it (containerd.types.Mount)."""

    type: str
    source: str
    options: tuple[str, ...] = ()
    target: str = ""
