"""From what a user asks to mount to the mount points of a container.

Binds (`-v`), Mounts (`--mount`), VolumesFrom and the image's VOLUMEs may all name a destination; the first three
conflict with each other, and each of them takes the place of a VOLUME.
"""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pier.domain import ids
from pier.domain.container import Config, Container, HostConfig
from pier.domain.errors import InvalidArgument
from pier.domain.mount import MountPoint, MountRequest

_PROPAGATIONS = ("shared", "slave", "private", "rshared", "rslave", "rprivate")
_IGNORED_MODES = ("consistent", "cached", "delegated", "z", "Z")  # file sharing of VMs; labels where SELinux is off


@dataclass(frozen=True, slots=True)
class _Mode:
    writable: bool
    propagation: str
    copy_up: bool


def resolve_mounts(
    config: Config, host: HostConfig, look_up: Callable[[str], Container], *, shallow_read_only: bool = False
) -> tuple[MountPoint, ...]:
    """All mount points, in the order in which they are mounted (parents first).

    A volume without a name gets a fresh one and is `anonymous`. Raises InvalidArgument, Unsupported, and NotFound for a
    container of VolumesFrom that is not there. With `shallow_read_only` binds are read-only without what is below them.
    """
    points: dict[str, MountPoint] = {}
    for point in _from_containers(host.volumes_from, look_up):
        points[point.destination] = point
    asked: set[str] = set()
    for point in (*map(parse_bind, host.binds), *map(_from_request, host.mounts)):
        if point.destination in asked or point.destination in host.tmpfs:
            raise InvalidArgument(f"Duplicate mount point: {point.destination}")
        asked.add(point.destination)
        points[point.destination] = replace(point, recursive_read_only=False) if shallow_read_only else point
    for path in config.volumes:
        destination = _clean_destination(path, _config_of("volume"))
        if destination not in points and destination not in host.tmpfs:
            points[destination] = MountPoint(type="volume", destination=destination, copy_up=True)
    named = (_with_name(point, host.volume_driver) for point in points.values())
    return tuple(sorted(named, key=lambda point: point.destination.count("/")))


def let_go_of(points: Iterable[MountPoint], data_root: str, run_roots: Sequence[str]) -> tuple[MountPoint, ...]:
    """The same points, where binds that contain the engine's own mounts follow what the host unmounts.

    With private propagation a bind of `/` keeps every other container's mounts until its own container ends, and they
    cannot be unmounted for good. So rslave is the default for what contains `data_root` or one of `run_roots`, or lies
    within `data_root`; there (the former) nothing but rslave and rshared is taken, as with dockerd: InvalidArgument.
    """
    return tuple(_let_go(point, data_root, run_roots) if point.type == "bind" else point for point in points)


def _let_go(point: MountPoint, data_root: str, run_roots: Sequence[str]) -> MountPoint:
    overlaps = _contains(point.source, data_root) or _contains(data_root, point.source)
    if not overlaps and not any(_contains(point.source, root) for root in run_roots):
        return point
    asked = asked_propagation(point)
    if overlaps and asked not in ("", "rslave", "rshared"):
        raise InvalidArgument(
            'invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within '
            f'the daemon root, daemon root: "{data_root}", bind mount source: "{point.source}", propagation: "{asked}"'
        )
    return point if asked else replace(point, propagation="rslave")


def asked_propagation(point: MountPoint) -> str:
    """What its user has asked for, not what it got by default."""
    if point.request is not None:
        return point.request.propagation
    return next((word for word in point.mode.split(",") if word in _PROPAGATIONS), "")


def _contains(outer: str, inner: str) -> bool:
    return f"{inner}/".startswith(f"{outer.rstrip('/')}/")


def parse_bind(text: str) -> MountPoint:
    """`/host:/inside[:modes]`, `volume:/inside[:modes]` or `/inside` alone (an anonymous volume)."""
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise InvalidArgument(f"invalid volume specification: '{text}'")
    source, destination = ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])
    mode = _parse_mode(parts[2] if len(parts) == 3 else "", text)
    kind = "bind" if source.startswith("/") else "volume"
    what = f"invalid volume specification: '{text}': {_config_of(kind)}"
    where = _clean_destination(destination, what)
    shown = parts[2] if len(parts) == 3 else ""
    if kind == "bind":
        if not mode.copy_up:
            raise InvalidArgument(f"{what}: field VolumeOptions must not be specified")
        return MountPoint(
            type="bind",
            source=posixpath.normpath(source),
            destination=where,
            mode=shown,
            writable=mode.writable,
            propagation=mode.propagation or "rprivate",
            recursive_read_only=not mode.writable,
        )
    if mode.propagation:
        raise InvalidArgument(f"{what}: field BindOptions must not be specified")
    if source and not ids.is_valid_name(source):
        raise InvalidArgument(
            f'create {source}: "{source}" includes invalid characters for a local volume name, only '
            f'"{ids.NAME_RULE}" are allowed. If you intended to pass a host directory, use absolute path'
        )
    return MountPoint(
        type="volume",
        name=source,
        destination=where,
        mode=shown or ("z" if source else ""),
        writable=mode.writable,
        copy_up=mode.copy_up,
    )


def _parse_mode(text: str, whole: str) -> _Mode:
    writable, propagation, copy_up = True, "", True
    words = [word for word in text.split(",") if word]
    if len(set(words)) != len(words) or {"ro", "rw"} <= set(words):
        raise InvalidArgument(f"invalid mode: {text} (in {whole!r})")
    for word in words:
        if word in ("ro", "rw"):
            writable = word == "rw"
        elif word == "nocopy":
            copy_up = False
        elif word in _PROPAGATIONS and not propagation:
            propagation = word
        elif word not in _IGNORED_MODES:
            raise InvalidArgument(f"invalid mode: {text}")
    return _Mode(writable, propagation, copy_up)


def _config_of(kind: str) -> str:
    """How dockerd begins to speak of a mount that cannot be."""
    return f'invalid mount config for type "{kind}"'


def _clean_destination(path: str, what: str) -> str:
    if not path.startswith("/"):
        raise InvalidArgument(f"{what}: invalid mount path: '{path}' mount path must be absolute")
    cleaned = posixpath.normpath(path)
    if cleaned.strip("/") == "":
        raise InvalidArgument(f"{what}: invalid specification: destination can't be '/'")
    return "/" + cleaned.lstrip("/")


def _from_request(request: MountRequest) -> MountPoint:
    what = _config_of(request.type)
    if not request.target:
        raise InvalidArgument(f"{what}: field Target must not be empty")
    destination = _clean_destination(request.target, what)
    match request.type:
        case "bind":
            return _bind_from(request, destination, what)
        case "volume":
            return _volume_from(request, destination, what)
        case "tmpfs":
            if request.source:
                raise InvalidArgument(f"{what}: field Source must not be specified")
            return _tmpfs_from(request, destination)
        case "image":
            return _image_from(request, destination, what)
        case _:
            raise InvalidArgument(f"{what}: mount type unknown: {request.type!r}")


def _bind_from(request: MountRequest, destination: str, what: str) -> MountPoint:
    if not request.source:
        raise InvalidArgument(f"{what}: field Source must not be empty")
    if not request.source.startswith("/"):
        raise InvalidArgument(f"{what}: invalid mount path: '{request.source}' mount path must be absolute")
    if request.propagation and request.propagation not in _PROPAGATIONS:
        raise InvalidArgument(f"{what}: invalid propagation mode: {request.propagation}")
    return MountPoint(
        type="bind",
        source=posixpath.normpath(request.source),
        destination=destination,
        writable=not request.read_only,
        propagation=request.propagation or "rprivate",
        non_recursive=request.non_recursive,
        recursive_read_only=request.read_only and not request.read_only_non_recursive,
        request=request,
    )


def _volume_from(request: MountRequest, destination: str, what: str) -> MountPoint:
    if request.source and not ids.is_valid_name(request.source):
        raise InvalidArgument(f"{what}: {request.source!r} is not a valid volume name")
    _check_subpath(request, what)
    return MountPoint(
        type="volume",
        name=request.source,
        destination=destination,
        driver=request.volume_driver,
        mode="z",
        writable=not request.read_only,
        copy_up=not request.no_copy,
        subpath=request.subpath,
        request=request,
    )


def _image_from(request: MountRequest, destination: str, what: str) -> MountPoint:
    if not request.source:
        raise InvalidArgument(f"{what}: field Source must not be empty")
    _check_subpath(request, what)
    return MountPoint(
        type="image",
        name=request.source,
        destination=destination,
        writable=False,
        propagation="rprivate",
        subpath=request.subpath,
        request=request,
    )


def _check_subpath(request: MountRequest, what: str) -> None:
    """It names a place within; whether a link there leads out shows when it is looked up."""
    parts = request.subpath.split("/")
    depth = [1 if part not in ("", ".", "..") else -1 if part == ".." else 0 for part in parts]
    if request.subpath.startswith("/") or any(sum(depth[: end + 1]) < 0 for end in range(len(depth))):
        raise InvalidArgument(f"{what}: subpath must be a relative path within the {request.type}")


def _tmpfs_from(request: MountRequest, destination: str) -> MountPoint:
    options = [f"size={request.tmpfs_size}"] if request.tmpfs_size else []
    options += [f"mode={request.tmpfs_mode:o}"] if request.tmpfs_mode else []
    options += ["=".join(option) for option in request.tmpfs_options]
    return MountPoint(
        type="tmpfs",
        destination=destination,
        writable=not request.read_only,
        options=tuple(options),
        request=request,
    )


def _from_containers(refs: Iterable[str], look_up: Callable[[str], Container]) -> Iterable[MountPoint]:
    """Whose they were first does not matter: an anonymous volume goes with the last container that has it."""
    for ref in refs:
        name, _, text = ref.partition(":")
        mode = _parse_mode(text, ref)
        if mode.propagation or not mode.copy_up:
            raise InvalidArgument(f"invalid mode: {text}")
        for point in look_up(name).mount_points:
            yield replace(point, mode="", writable=point.writable and mode.writable, copy_up=False)


def _with_name(point: MountPoint, driver: str) -> MountPoint:
    """`driver` is that of `--volume-driver`, for volumes that no `--mount` has given another."""
    if point.type != "volume":
        return point
    if point.request is None and not point.driver:
        point = replace(point, driver=driver)
    return point if point.name else replace(point, name=ids.new_id(), anonymous=True)
