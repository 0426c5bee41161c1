"""`docker ps`: one line for each container, with its state in words."""

from pier.api.translate.endpoints import describe_endpoints, describe_port_list
from pier.api.translate.mounts import describe_mounts
from pier.api.translate.process import mapped
from pier.api.versions import Change, since
from pier.domain.container import Container, State, Status
from pier.engine.containers.listing import ContainerSummary
from pier.wire import inspect as wire
from pier.wire.shape import UNSET
from pier.wire.sizes import human_duration


def describe_summary(summary: ContainerSummary, now: int, version: int) -> wire.ContainerSummary:
    container = summary.container
    annotations = mapped(container.host_config.annotations) if since(version, Change.LIST_ANNOTATIONS) else None
    return wire.ContainerSummary(
        id=container.id,
        names=sorted(f"/{name}" for name in (container.name, *summary.link_names)),
        image=summary.image_ref,
        image_id=container.image_id,
        command=_command(container),
        created=container.created_at // 1_000_000_000,
        ports=describe_port_list(container),
        size_rw=summary.size_rw or UNSET,
        size_root_fs=summary.size_root_fs or UNSET,
        labels=dict(container.config.labels),
        state=container.state.status.value,
        status=describe_status(container.state, now),
        host_config=wire.HostConfigSummary(
            network_mode=container.host_config.network_mode, annotations=annotations or UNSET
        ),
        network_settings=wire.NetworksSummary(networks=describe_endpoints(container, version)),
        mounts=describe_mounts(container, in_list=True),
    )


def _command(container: Container) -> str:
    """One string; an argument with a space in it is quoted, so that it can be told from two."""
    args = (f"'{arg}'" if " " in arg else arg for arg in container.args)
    return " ".join((container.path, *args))


def describe_status(state: State, now: int) -> str:
    """The state in words, as the docker CLI prints it: `Up 3 minutes (healthy)`, `Exited (0) 2 seconds ago`."""
    match state.status:
        case Status.PAUSED:
            return f"Up {_ago(state.started_at, now)} (Paused)"
        case Status.RUNNING:
            return f"Up {_ago(state.started_at, now)}{_health(state)}"
        case Status.RESTARTING:
            return f"Restarting ({state.exit_code}) {_ago(state.finished_at, now)} ago"
        case Status.REMOVING:
            return "Removal In Progress"
        case Status.DEAD:
            return "Dead"
        case Status.CREATED:
            return "Created"
        case Status.EXITED:
            return f"Exited ({state.exit_code}) {_ago(state.finished_at, now)} ago" if state.finished_at else ""


def _ago(moment: int, now: int) -> str:
    return human_duration((now - moment) / 1e9)


def _health(state: State) -> str:
    if state.health is None:
        return ""
    return " (health: starting)" if state.health.status == "starting" else f" ({state.health.status})"
