"""What a create request means that speaks an earlier version of the API, as dockerd reads it.

What the version does not know counts for nothing, what it leaves open has the meaning of then, and what could do harm
if it were left out is refused. A fact's source is the API's version history, and dockerd asked.
"""

from collections.abc import Iterator

from pier.api.versions import Change, since
from pier.domain.errors import InvalidArgument
from pier.wire.host_config import CreateBody, EndpointSettings, HostConfig, MountRequest
from pier.wire.shape import UNSET

_WITHOUT_NETWORK = ("host", "none")


def read_as_then(body: CreateBody, version: int) -> None:
    """Makes of `body`, in place, what it says in today's words. Raises InvalidArgument."""
    host = body.host_config = body.host_config or HostConfig()
    if not since(version, Change.AUTO_REMOVE):
        host.auto_remove = False
    if not since(version, Change.PRIVATE_IPC) and not host.ipc_mode:
        host.ipc_mode = "shareable"
    if not since(version, Change.HOST_CONSOLE_SIZE):
        host.console_size = UNSET
    if not since(version, Change.ANNOTATIONS):
        host.annotations = UNSET
    if not since(version, Change.START_INTERVAL) and body.healthcheck:
        body.healthcheck.start_interval = UNSET
    for mount in host.mounts or ():
        _read_mount(mount, version)
    _read_endpoints(body, host, version)


def _read_mount(mount: MountRequest, version: int) -> None:
    bind = mount.bind_options or None
    if bind is not None:
        if not since(version, Change.NON_RECURSIVE):
            bind.non_recursive = UNSET
        if not since(version, Change.CREATE_MOUNTPOINT):
            bind.create_mountpoint = UNSET
        if not since(version, Change.RECURSIVE_READ_ONLY) and mount.type == "bind" and bind.read_only_force_recursive:
            raise _too_new("BindOptions.ReadOnlyForceRecursive", Change.RECURSIVE_READ_ONLY)
    if not since(version, Change.MOUNT_OPTIONS_CHECKED):
        if mount.type == "tmpfs":
            mount.volume_options = UNSET
        if mount.type in ("bind", "volume"):
            mount.tmpfs_options = UNSET
    if not since(version, Change.VOLUME_SUBPATH) and mount.volume_options and mount.volume_options.subpath:
        raise _too_new("VolumeOptions.Subpath", Change.VOLUME_SUBPATH)
    if not since(version, Change.IMAGE_MOUNTS) and mount.type == "image":
        raise _too_new('Mount type "Image"', Change.IMAGE_MOUNTS)


def _too_new(what: str, change: Change) -> InvalidArgument:
    return InvalidArgument(f"{what} needs API v1.{change.value} or newer")


def _read_endpoints(body: CreateBody, host: HostConfig, version: int) -> None:
    networking = body.networking_config or None
    endpoints = (networking.endpoints_config or {}) if networking else {}
    if not since(version, Change.SEVERAL_ENDPOINTS) and len(endpoints) > 1:
        raise InvalidArgument(f"Container cannot be created with multiple network endpoints: {', '.join(endpoints)}")
    if not since(version, Change.ENDPOINT_MAC):
        if body.mac_address and _has_no_network(host.network_mode or ""):
            raise InvalidArgument("conflicting options: mac-address and the network mode")
        # The container's counted for the one network that there could be, whatever its mode was.
        for settings in _given(endpoints):
            settings.mac_address = body.mac_address
        if endpoints:
            body.mac_address = UNSET
    if not since(version, Change.GATEWAY_PRIORITY):
        for settings in _given(endpoints):
            settings.gw_priority = UNSET


def _given(endpoints: dict[str, EndpointSettings | None]) -> Iterator[EndpointSettings]:
    return (settings for settings in endpoints.values() if settings is not None)


def _has_no_network(mode: str) -> bool:
    return mode in _WITHOUT_NETWORK or mode.startswith("container:")
