"""Which namespaces a container gets: its own, the host's, or those of another container that runs."""

from dataclasses import replace

from pier.domain.container import Container, HostConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.engine.context import Context
from pier.oci.inputs import HOST, PRIVATE, Namespaces

_SHARED = "container:"


def choose_namespaces(context: Context, host: HostConfig, network: str) -> Namespaces:
    """`network` is the netns that was made for it, or as `network_of` says. Raises what `_running` raises."""
    return Namespaces(
        network=network,
        ipc=_ipc(context, host.ipc_mode),
        pid=_pid(context, host.pid_mode),
        uts=HOST if host.uts_mode == "host" else PRIVATE,
        cgroup=PRIVATE if host.cgroupns_mode == "private" else HOST,
    )


def joined(context: Context, container: Container) -> Container:
    """Who shares another's network has its host name, too. The other may have been named before it was there.

    Raises PierError (500, as dockerd) when there is no such container, or it is the same.
    """
    mode = container.host_config.network_mode
    if not mode.startswith(_SHARED):
        return container
    try:
        other = context.memory.container(mode.removeprefix(_SHARED))
    except NotFound as error:
        raise PierError(f"joining network namespace of container: {error.message}") from error
    if other.id == container.id:
        raise PierError("cannot join own network namespace")
    return replace(
        container,
        config=replace(container.config, hostname=other.config.hostname, domainname=other.config.domainname),
        host_config=replace(container.host_config, network_mode=f"{_SHARED}{other.id}"),
    )


def network_of(context: Context, mode: str) -> str:
    """The netns behind `container:<id>`, also over several such steps."""
    other = _running(context, mode.removeprefix(_SHARED), "network")
    if other.host_config.network_mode == "host":
        return HOST
    if other.host_config.network_mode.startswith(_SHARED):
        return network_of(context, other.host_config.network_mode)
    return context.ports.networks.netns_path(other.id)


def network_owner(context: Context, container: Container) -> str:
    """The id of the container whose network it has, over several steps: its own if it shares none.

    What is not there any more is where the way ends.
    """
    owner = container.id
    mode = container.host_config.network_mode
    while mode.startswith(_SHARED):
        owner = mode.removeprefix(_SHARED)
        other = context.memory.containers.get(owner)
        mode = other.host_config.network_mode if other is not None else ""
    return owner


async def shared_memory(context: Context, container: Container) -> str:
    """The path of a /dev/shm that others have, too; empty for one of its own."""
    owner = container
    if container.host_config.ipc_mode.startswith(_SHARED):
        owner = _ipc_donor(context, container.host_config.ipc_mode)
    match owner.host_config.ipc_mode:
        case "host":
            return "/dev/shm"
        case "shareable":
            return await context.ports.host.open_shm(owner.id, owner.host_config.shm_size)
        case _:
            return ""


def _ipc(context: Context, mode: str) -> str:
    if not mode.startswith(_SHARED):
        return HOST if mode == "host" else PRIVATE
    donor = _ipc_donor(context, mode)
    return HOST if donor.host_config.ipc_mode == "host" else f"/proc/{donor.state.pid}/ns/ipc"


def _ipc_donor(context: Context, mode: str) -> Container:
    """Whose IPC namespace it is. Raises InvalidArgument when that one does not share it."""
    other = _running(context, mode.removeprefix(_SHARED), "IPC")
    if other.host_config.ipc_mode.startswith(_SHARED):
        return _ipc_donor(context, other.host_config.ipc_mode)
    if other.host_config.ipc_mode not in ("shareable", "host"):
        raise InvalidArgument(
            f"failed to join IPC namespace: container {other.id}: non-shareable IPC "
            "(hint: use IpcMode:shareable for the donor container)"
        )
    return other


def _pid(context: Context, mode: str) -> str:
    if mode.startswith(_SHARED):
        return f"/proc/{_running(context, mode.removeprefix(_SHARED), 'PID').state.pid}/ns/pid"
    return HOST if mode == "host" else PRIVATE


def _running(context: Context, container_id: str, what: str) -> Container:
    """In the words and of the kinds of dockerd: Conflict, but PierError (500) for PID."""
    other = context.memory.container(container_id)
    if other.state.has_task:
        return other
    if what == "network":
        state = f"container {other.name} is {other.state.status}"
        raise Conflict(f"cannot join network namespace of a non running container: {state}")
    kind = PierError if what == "PID" else Conflict
    raise kind(f"failed to join {what} namespace: container {other.id} is not running")
