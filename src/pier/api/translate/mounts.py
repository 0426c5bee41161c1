"""`HostConfig.Mounts` in requests, and `Mounts` in inspect and in the list."""

from typing import cast, get_args

from pier.api.translate.process import mapped
from pier.domain.container import Container
from pier.domain.errors import InvalidArgument
from pier.domain.mount import MountPoint, MountRequest, MountType
from pier.wire import host_config as wire
from pier.wire import inspect as inspect_wire
from pier.wire.shape import UNSET, Maybe

_TYPES = get_args(MountType)


def load_mount(given: wire.MountRequest) -> MountRequest:
    """Raises InvalidArgument for an unknown type, options of another type, and an option of a tmpfs without a name."""
    if given.type not in _TYPES:
        raise InvalidArgument(f'invalid mount config for type "{given.type or ""}": mount type unknown')
    for kind, options in _options(given).items():
        if options and kind != given.type:
            raise InvalidArgument(f'{kind.capitalize()}Options must not be specified on mount type "{given.type}"')
    bind = given.bind_options or wire.BindOptions()
    volume = given.volume_options or wire.VolumeOptions()
    driver = volume.driver_config or wire.DriverConfig()
    image = given.image_options or wire.ImageOptions()
    tmpfs = given.tmpfs_options or wire.TmpfsOptions()
    if any(len(option) not in (1, 2) for option in tmpfs.options or ()):
        raise InvalidArgument('invalid mount config for type "tmpfs": invalid option array length')
    return MountRequest(
        type=cast(MountType, given.type),
        source=given.source or "",
        target=given.target or "",
        read_only=bool(given.read_only),
        consistency=given.consistency or "",
        propagation=bind.propagation or "",
        non_recursive=bool(bind.non_recursive),
        create_mountpoint=bool(bind.create_mountpoint),
        read_only_non_recursive=bool(bind.read_only_non_recursive),
        read_only_force_recursive=bool(bind.read_only_force_recursive),
        no_copy=bool(volume.no_copy),
        subpath=volume.subpath or image.subpath or "",
        volume_labels=dict(volume.labels or {}),
        volume_driver=driver.name or "",
        volume_driver_options=dict(driver.options or {}),
        tmpfs_size=tmpfs.size_bytes or 0,
        tmpfs_mode=tmpfs.mode or 0,
        tmpfs_options=tuple(tuple(option) for option in tmpfs.options or ()),
    )


def _options(given: wire.MountRequest) -> dict[str, object]:
    """By the mount type that they belong to; a group may be there and empty."""
    return {
        "bind": given.bind_options,
        "volume": given.volume_options,
        "image": given.image_options,
        "tmpfs": given.tmpfs_options,
    }


def describe_mount_request(request: MountRequest) -> wire.MountRequest:
    """As it was asked for: what was left out stays out."""
    return wire.MountRequest(
        type=request.type,
        source=request.source or UNSET,
        target=request.target,
        read_only=request.read_only or UNSET,
        consistency=request.consistency or UNSET,
        bind_options=_describe_bind(request),
        volume_options=_describe_volume(request) if request.type == "volume" else UNSET,
        image_options=wire.ImageOptions(subpath=request.subpath)
        if request.type == "image" and request.subpath
        else UNSET,
        tmpfs_options=_describe_tmpfs(request),
    )


def _describe_bind(request: MountRequest) -> Maybe[wire.BindOptions]:
    options = wire.BindOptions(
        propagation=request.propagation or UNSET,
        non_recursive=request.non_recursive or UNSET,
        create_mountpoint=request.create_mountpoint or UNSET,
        read_only_non_recursive=request.read_only_non_recursive or UNSET,
        read_only_force_recursive=request.read_only_force_recursive or UNSET,
    )
    return UNSET if options == wire.BindOptions() else options


def _describe_volume(request: MountRequest) -> Maybe[wire.VolumeOptions]:
    has_driver = request.volume_driver or request.volume_driver_options
    options = wire.VolumeOptions(
        no_copy=request.no_copy or UNSET,
        labels=mapped(request.volume_labels) or UNSET,
        driver_config=wire.DriverConfig(
            name=request.volume_driver or UNSET, options=mapped(request.volume_driver_options) or UNSET
        )
        if has_driver
        else UNSET,
        subpath=request.subpath or UNSET,
    )
    return UNSET if options == wire.VolumeOptions() else options


def _describe_tmpfs(request: MountRequest) -> Maybe[wire.TmpfsOptions]:
    options = wire.TmpfsOptions(
        size_bytes=request.tmpfs_size or UNSET,
        mode=request.tmpfs_mode or UNSET,
        options=[list(option) for option in request.tmpfs_options] or UNSET,
    )
    return UNSET if options == wire.TmpfsOptions() else options


def describe_mounts(container: Container, *, in_list: bool = False) -> list[inspect_wire.MountPoint]:
    """`HostConfig.Tmpfs` is no mount in Docker's eyes, a tmpfs of `HostConfig.Mounts` is."""
    shown = [point for point in container.mount_points if point.destination not in container.host_config.tmpfs]
    return [_describe_mount(point, in_list=in_list) for point in shown]


def _describe_mount(point: MountPoint, *, in_list: bool) -> inspect_wire.MountPoint:
    hidden = in_list and point.anonymous  # the list does not say where an anonymous volume lies
    return inspect_wire.MountPoint(
        type=point.type,
        name=point.name or UNSET,
        source="" if hidden else point.source,
        destination=point.destination,
        driver=point.driver or UNSET,
        mode=point.mode,
        rw=point.writable,
        propagation=point.propagation,
    )
