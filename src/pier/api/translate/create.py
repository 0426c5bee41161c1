"""`POST /containers/create` and exec create: requests to values."""

from pier.api.translate.endpoints import load_endpoints
from pier.api.translate.host import load_host_config
from pier.api.translate.process import load_config
from pier.domain.container import ExecConfig
from pier.domain.errors import InvalidArgument
from pier.domain.image import Platform, parse_platform
from pier.engine.containers.create import CreateRequest
from pier.wire.container import ExecCreate
from pier.wire.host_config import CreateBody, HostConfig, NetworkingConfig


def load_create(body: CreateBody, *, name: str, platform: str) -> CreateRequest:
    """Raises InvalidArgument for an empty body, a bad platform or a mount of unknown type."""
    if body == CreateBody(host_config=body.host_config, networking_config=body.networking_config):
        raise InvalidArgument("config cannot be empty in order to create a container")
    networking = body.networking_config or NetworkingConfig()
    return CreateRequest(
        name=name,
        config=load_config(body),
        host_config=load_host_config(body.host_config or HostConfig()),
        endpoint_requests=load_endpoints(networking.endpoints_config or {}),
        platform=load_platform(platform),
    )


def load_platform(text: str) -> Platform | None:
    """`linux/arm64/v8`; None for none. Raises InvalidArgument."""
    if not text:
        return None
    parts = text.lower().split("/")
    if len(parts) > 3 or not all(part.replace("-", "").replace("_", "").isalnum() for part in parts):
        raise InvalidArgument(
            f'"{text}": cannot parse platform specifier: use os/architecture or os/architecture/variant'
        )
    try:
        return parse_platform(parts)
    except ValueError:
        raise InvalidArgument(f'"{text}": unknown operating system or architecture') from None


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
