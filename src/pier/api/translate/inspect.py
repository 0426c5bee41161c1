"""`docker inspect` of a container and of an exec."""

from dataclasses import replace

from pier.api.translate.endpoints import describe_endpoints, describe_ports, endpoints_of, was_launched
from pier.api.translate.host import describe_host_config
from pier.api.translate.mounts import describe_mounts
from pier.api.translate.process import describe_config
from pier.domain.container import Container, Exec, Health, State, Status
from pier.domain.network import Endpoint
from pier.engine.containers.inspect import ContainerDetails
from pier.wire import container as container_wire
from pier.wire import inspect as wire
from pier.wire.shape import UNSET, Omitted
from pier.wire.times import rfc3339


def _log_path(container: Container) -> str:
    """As dockerd shows it: of json-file only, which has a format that others read."""
    shown = was_launched(container) and container.host_config.log_config.driver == "json-file"
    return container.log_path if shown else ""


def describe_container(details: ContainerDetails, version: int) -> wire.ContainerInspect:
    container = details.container
    config = describe_config(container.config)
    primary = container.endpoint_requests.get(container.host_config.network_mode)
    if not config.mac_address and primary is not None and primary.mac_address:
        config.mac_address = primary.mac_address
    return wire.ContainerInspect(
        id=container.id,
        created=rfc3339(container.created_at),
        path=container.path,
        args=list(container.args),
        state=describe_state(container.state),
        image=container.image_id,
        resolv_conf_path=details.files.get("resolv.conf", ""),
        hostname_path=details.files.get("hostname", ""),
        hosts_path=details.files.get("hosts", ""),
        log_path=_log_path(container),
        name=f"/{container.name}",
        restart_count=container.restart_count,
        driver=container.driver,
        platform=container.platform,
        app_armor_profile=details.apparmor_profile,
        exec_ids=list(details.exec_ids) or None,
        host_config=describe_host_config(replace(container.host_config, links=details.links)),
        graph_driver=wire.GraphDriver(data=dict(details.graph) or None, name=container.driver),
        size_rw=UNSET if details.size_rw is None else details.size_rw,
        size_root_fs=UNSET if details.size_root_fs is None else details.size_root_fs,
        mounts=describe_mounts(container),
        config=config,
        network_settings=_describe_networks(container, details, version),
        shim_group=_describe_group(container, details.shim_siblings),
    )


def describe_state(state: State) -> wire.State:
    return wire.State(
        status=state.status.value,
        running=state.is_running,
        paused=state.status is Status.PAUSED,
        restarting=state.status is Status.RESTARTING,
        oom_killed=state.oom_killed,
        dead=state.status is Status.DEAD,
        pid=state.pid,
        exit_code=state.exit_code,
        error=state.error,
        started_at=rfc3339(state.started_at),
        finished_at=rfc3339(state.finished_at),
        health=_describe_health(state.health) if state.health else UNSET,
    )


def _describe_group(container: Container, siblings: tuple[str, ...]) -> Omitted[wire.ShimGroup]:
    return wire.ShimGroup(id=container.shim_group, containers=list(siblings)) if siblings else UNSET


def _describe_health(health: Health) -> wire.Health:
    return wire.Health(
        status=health.status,
        failing_streak=health.failing_streak,
        log=[
            wire.HealthLog(
                start=rfc3339(probe.started_at),
                end=rfc3339(probe.ended_at),
                exit_code=probe.exit_code,
                output=probe.output,
            )
            for probe in health.log
        ],
    )


def _describe_networks(container: Container, details: ContainerDetails, version: int) -> wire.NetworkSettings:
    default = endpoints_of(container).get("bridge") or Endpoint(network_id="", network_name="bridge")
    return wire.NetworkSettings(
        sandbox_id=details.sandbox_id,
        sandbox_key=details.sandbox_key,
        ports=describe_ports(container),
        endpoint_id=default.endpoint_id,
        gateway=default.gateway,
        global_ipv6_address=default.ipv6_address,
        global_ipv6_prefix_len=default.ipv6_prefix,
        ip_address=default.ipv4_address,
        ip_prefix_len=default.ipv4_prefix,
        ipv6_gateway=default.ipv6_gateway,
        mac_address=default.mac_address,
        networks=describe_endpoints(container, version),
    )


def describe_exec(exec_: Exec) -> container_wire.ExecInspect:
    config = exec_.config
    return container_wire.ExecInspect(
        id=exec_.id,
        running=exec_.running,
        exit_code=exec_.exit_code,
        process_config=container_wire.ProcessConfig(
            tty=config.tty,
            entrypoint=config.cmd[0] if config.cmd else "",
            arguments=list(config.cmd[1:]),
            privileged=config.privileged,
            user=config.user or UNSET,
        ),
        open_stdin=config.attach_stdin,
        open_stderr=config.attach_stderr,
        open_stdout=config.attach_stdout,
        can_remove=False,
        container_id=exec_.container_id,
        detach_keys=config.detach_keys,
        pid=exec_.pid,
    )
