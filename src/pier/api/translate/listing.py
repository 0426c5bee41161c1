"""`docker ps`: one line for each container, with its state in words."""

from collections.abc import Sequence

from pier.api.translate.endpoints import describe_endpoints, describe_port_list
from pier.api.translate.mounts import describe_mounts
from pier.api.translate.process import mapped
from pier.api.versions import Change, since
from pier.domain.container import Container, State, Status
from pier.engine.containers.listing import ContainerSummary
from pier.wire import inspect as wire
from pier.wire.shape import UNSET, compact
from pier.wire.sizes import human_duration

_KEPT = 1000  # encoded containers that may be kept beyond those of the last list


class Summaries:
    """The list of containers as JSON, encoded anew only where something changed.

    A record is never changed in place, so the same object means the same JSON, but for its age in words. Polling
    clients (`ps` every second, a dashboard) are what this is for.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[Container, tuple[object, ...], bytes]] = {}

    def encode(self, summaries: Sequence[ContainerSummary], now: int, version: int) -> bytes:
        """A JSON array with the newline that ends every body of the API."""
        body = b"[" + b",".join([self._encode_one(summary, now, version) for summary in summaries]) + b"]\n"
        if len(self._known) > 2 * len(summaries) + _KEPT:  # of containers that are gone, or not asked for any more
            shown = {summary.container.id for summary in summaries}
            self._known = {key: known for key, known in self._known.items() if key[0] in shown}
        return body

    def _encode_one(self, summary: ContainerSummary, now: int, version: int) -> bytes:
        container = summary.container
        key = (container.id, version)
        rest = (
            summary.image_ref,
            summary.link_names,
            summary.size_rw,
            summary.size_root_fs,
            describe_status(container.state, now),
        )
        known = self._known.get(key)
        if known is not None and known[0] is container and known[1] == rest:
            return known[2]
        encoded = compact(describe_summary(summary, now, version))
        self._known[key] = (container, rest, encoded)
        return encoded


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
