"""`POST /containers/create` and exec create: requests to values."""

import re

from pier.api.translate.earlier import read_as_then
from pier.api.translate.endpoints import load_endpoints
from pier.api.translate.host import load_host_config
from pier.api.translate.process import load_config
from pier.api.versions import NEWEST, Change, since
from pier.domain.container import ExecConfig
from pier.domain.errors import InvalidArgument
from pier.domain.image import Platform, parse_platform
from pier.engine.containers.create import CreateRequest
from pier.wire.container import ExecCreate
from pier.wire.host_config import CreateBody, HostConfig, MountRequest, NetworkingConfig, VolumeOptions


def load_create(body: CreateBody, *, name: str, platform: str, version: int = NEWEST) -> CreateRequest:
    """Raises InvalidArgument for an empty body, a bad platform, a mount of unknown type, or what `version` lacks."""
    if body == CreateBody(host_config=body.host_config, networking_config=body.networking_config):
        raise InvalidArgument("config cannot be empty in order to create a container")
    read_as_then(body, version)
    networking = body.networking_config or NetworkingConfig()
    return CreateRequest(
        name=name,
        config=load_config(body),
        host_config=load_host_config(body.host_config or HostConfig()),
        endpoint_requests=load_endpoints(networking.endpoints_config or {}),
        platform=load_platform(platform) if since(version, Change.PLATFORM_OF_CREATE) else None,
        host_cgroups_on_v1=not since(version, Change.PRIVATE_CGROUPNS),
        shallow_read_only=not since(version, Change.RECURSIVE_READ_ONLY),
    )


def warnings_of(body: CreateBody, version: int) -> list[str]:
    """What dockerd tells of a request's outworn keys."""
    warnings = []
    if body.mac_address and since(version, Change.ENDPOINT_MAC):
        warnings.append(
            "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead."
        )
    host = body.host_config or HostConfig()
    if host.volume_driver and since(version, Change.WARNS_OF_VOLUME_DRIVER):
        unnamed = [mount for mount in host.mounts or () if mount.type == "volume" and not _names_driver(mount)]
        if unnamed:
            warnings.append(
                "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. "
                "Use '--mount type=volume,volume-driver=...' instead"
            )
    return warnings


def _names_driver(mount: MountRequest) -> bool:
    options = mount.volume_options or VolumeOptions()
    return bool(options.driver_config and options.driver_config.name)


_PLATFORM_PART = re.compile(r"[a-z0-9_.-]+", re.ASCII)
_PLATFORM_FORM = "use os/architecture or os/architecture/variant, as linux/arm64"


def load_platform(text: str) -> Platform | None:
    """`linux/arm64/v8`; None for none. Raises InvalidArgument, in dockerd's words, which clients look for."""
    if not text:
        return None
    parts = text.lower().split("/")
    for number, part in enumerate(parts):  # dockerd looks at the parts before it counts them
        if not _PLATFORM_PART.fullmatch(part):
            which = "component" if number else "OS component"
            raise InvalidArgument(f'"{part}" is an invalid {which} of "{text}": invalid argument; {_PLATFORM_FORM}')
    if len(parts) > 3:
        raise InvalidArgument(f'"{text}": cannot parse platform specifier: invalid argument; {_PLATFORM_FORM}')
    try:
        return parse_platform(parts)
    except ValueError:
        words = "unknown operating system or architecture: invalid argument"
        raise InvalidArgument(f'"{text}": {words}; {_PLATFORM_FORM}') from None


def load_exec(body: ExecCreate) -> ExecConfig:
    return ExecConfig(
        cmd=tuple(body.cmd or ()),
        attach_stdin=bool(body.attach_stdin),
        attach_stdout=bool(body.attach_stdout),
        attach_stderr=bool(body.attach_stderr),
        tty=bool(body.tty),
        user=body.user or "",
        working_dir=body.working_dir or "",
        env=tuple(body.env or ()),
        privileged=bool(body.privileged),
        detach_keys=body.detach_keys or "",
        console_size=body.console_size,
    )
