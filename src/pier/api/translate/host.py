"""A container's `HostConfig`: how it runs on this host."""

from collections.abc import Mapping
from typing import Any, cast

from pier.api.translate.mounts import describe_mount_request, load_mount
from pier.api.translate.process import listed, load_words, mapped, words
from pier.api.translate.resources import describe_resources, load_resources
from pier.domain.container import HostConfig, LogConfig, RestartPolicy
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.network import PortBinding
from pier.wire import host_config as wire
from pier.wire.shape import UNSET, Maybe

# What was left out is shown as null, and what was given empty as empty; the other lists and maps are left out then.
_NULLABLE = (
    "binds",
    "port_bindings",
    "volumes_from",
    "cap_add",
    "cap_drop",
    "dns",
    "dns_options",
    "dns_search",
    "extra_hosts",
    "group_add",
    "links",
    "security_opt",
    "blkio_weight_device",
    "blkio_device_read_bps",
    "blkio_device_write_bps",
    "blkio_device_read_iops",
    "blkio_device_write_iops",
    "devices",
    "device_cgroup_rules",
    "device_requests",
    "ulimits",
    "masked_paths",
    "readonly_paths",
)


def load_host_config(given: wire.HostConfig) -> HostConfig:
    """Zero, empty and null all mean "not asked for". Raises InvalidArgument, Unsupported."""
    require_no_windows(given)
    return HostConfig(
        **load_storage(given),
        **load_networking(given),
        **load_security(given),
        **load_life(given),
        resources=load_resources(given),
        given_empty=tuple(name for name in _NULLABLE if name != "links" and getattr(given, name) in ([], {})),
    )


def require_no_windows(given: wire.HostConfig) -> None:
    """Limits that only Windows has; the docker CLI sends them as zeros. KernelMemory has left the kernel.

    Raises Unsupported, and InvalidArgument for those that dockerd does not overlook, either.
    """
    for name, limit in (("IOPs", given.io_maximum_iops), ("bandwidth", given.io_maximum_bandwidth)):
        if limit:
            raise InvalidArgument(f"invalid option: QoS maximum {name} configuration is not supported on linux")
    names = {
        "CpuCount": given.cpu_count,
        "CpuPercent": given.cpu_percent,
        "KernelMemory": given.kernel_memory,
        "KernelMemoryTCP": given.kernel_memory_tcp,
    }
    for name, value in names.items():
        if value:
            raise Unsupported(f"Pier does not support HostConfig.{name}: Linux has no such limit")


def load_storage(given: wire.HostConfig) -> dict[str, Any]:
    return {
        "binds": tuple(given.binds or ()),
        "mounts": tuple(load_mount(mount) for mount in given.mounts or ()),
        "tmpfs": dict(given.tmpfs or {}),
        "volumes_from": tuple(given.volumes_from or ()),
        "volume_driver": given.volume_driver or "",
        "storage_opt": dict(given.storage_opt or {}),
        "shm_size": given.shm_size or 0,
        "readonly_rootfs": bool(given.readonly_rootfs),
    }


def load_networking(given: wire.HostConfig) -> dict[str, Any]:
    return {
        "network_mode": given.network_mode or "",
        "port_bindings": {port: load_bindings(bindings) for port, bindings in (given.port_bindings or {}).items()},
        "publish_all_ports": bool(given.publish_all_ports),
        "dns": tuple(given.dns or ()),
        "dns_options": tuple(given.dns_options or ()),
        "dns_search": tuple(given.dns_search or ()),
        "extra_hosts": tuple(given.extra_hosts or ()),
        "links": tuple(given.links or ()),
        "sysctls": dict(given.sysctls or {}),
    }


def load_bindings(given: list[wire.PortBinding] | None) -> tuple[PortBinding, ...]:
    return tuple(PortBinding(host_ip=item.host_ip or "", host_port=item.host_port or "") for item in given or ())


def load_security(given: wire.HostConfig) -> dict[str, Any]:
    return {
        "cap_add": load_words(given.cap_add) or (),
        "cap_drop": load_words(given.cap_drop) or (),
        "privileged": bool(given.privileged),
        "security_opt": tuple(given.security_opt or ()),
        "masked_paths": _given_paths(given.masked_paths),
        "readonly_paths": _given_paths(given.readonly_paths),
        "group_add": tuple(given.group_add or ()),
        "ipc_mode": given.ipc_mode or "",
        "pid_mode": given.pid_mode or "",
        "uts_mode": given.uts_mode or "",
        "userns_mode": given.userns_mode or "",
        "cgroupns_mode": given.cgroupns_mode or "",
        "cgroup": given.cgroup or "",
        "isolation": given.isolation or "",
    }


def _given_paths(given: Maybe[list[str]]) -> tuple[str, ...] | None:
    """An empty list is an answer of its own: nothing is masked."""
    return None if given is UNSET or given is None else tuple(given)


def load_restart_policy(given: wire.HostConfig) -> RestartPolicy:
    """The engine names the policies there are when it refuses one."""
    policy = given.restart_policy or wire.RestartPolicy()
    return RestartPolicy(name=cast(Any, policy.name or "no"), maximum_retry_count=policy.maximum_retry_count or 0)


def load_life(given: wire.HostConfig) -> dict[str, Any]:
    log = given.log_config or wire.LogConfig()
    return {
        "container_id_file": given.container_id_file or "",
        "log_config": LogConfig(driver=log.type or "", options=dict(log.config or {})),
        "restart_policy": load_restart_policy(given),
        "auto_remove": bool(given.auto_remove),
        "console_size": given.console_size or (0, 0),
        "annotations": dict(given.annotations or {}),
        "oom_score_adj": given.oom_score_adj or 0,
        "runtime": given.runtime or "",
        "init": None if given.init is UNSET else given.init,
    }


def describe_host_config(host: HostConfig) -> wire.HostConfig:
    """As inspect shows it."""
    shown: dict[str, Any] = {
        **_describe_storage(host),
        **_describe_networking(host),
        **_describe_security(host),
        **_describe_life(host),
        **describe_resources(host.resources),
    }
    for name in _NULLABLE:
        if not shown[name] and name not in host.given_empty:
            shown[name] = None
        elif not shown[name]:
            shown[name] = {} if name == "port_bindings" else []
    return wire.HostConfig(cpu_count=0, cpu_percent=0, io_maximum_iops=0, io_maximum_bandwidth=0, **shown)


def _describe_storage(host: HostConfig) -> Mapping[str, object]:
    return {
        "binds": listed(host.binds),
        "mounts": [describe_mount_request(mount) for mount in host.mounts] or UNSET,
        "tmpfs": dict(host.tmpfs) or UNSET,
        "volumes_from": listed(host.volumes_from),
        "volume_driver": host.volume_driver,
        "storage_opt": dict(host.storage_opt) or UNSET,
        "shm_size": host.shm_size,
        "readonly_rootfs": host.readonly_rootfs,
    }


def _describe_networking(host: HostConfig) -> Mapping[str, object]:
    return {
        "network_mode": host.network_mode,
        "port_bindings": {
            port: [wire.PortBinding(host_ip=item.host_ip, host_port=item.host_port) for item in bindings]
            for port, bindings in host.port_bindings.items()
        },
        "publish_all_ports": host.publish_all_ports,
        "dns": list(host.dns),
        "dns_options": list(host.dns_options),
        "dns_search": list(host.dns_search),
        "extra_hosts": listed(host.extra_hosts),
        "links": listed(host.links),
        "sysctls": mapped(host.sysctls) or UNSET,
    }


def _describe_security(host: HostConfig) -> Mapping[str, object]:
    return {
        "cap_add": listed(host.cap_add),
        "cap_drop": listed(host.cap_drop),
        "privileged": host.privileged,
        "security_opt": listed(host.security_opt),
        "masked_paths": words(host.masked_paths),
        "readonly_paths": words(host.readonly_paths),
        "group_add": listed(host.group_add),
        "ipc_mode": host.ipc_mode,
        "pid_mode": host.pid_mode,
        "uts_mode": host.uts_mode,
        "userns_mode": host.userns_mode,
        "cgroupns_mode": host.cgroupns_mode,
        "cgroup": host.cgroup,
        "isolation": host.isolation,
    }


def _describe_life(host: HostConfig) -> Mapping[str, object]:
    return {
        "container_id_file": host.container_id_file,
        "log_config": wire.LogConfig(type=host.log_config.driver, config=dict(host.log_config.options)),
        "restart_policy": wire.RestartPolicy(
            name=host.restart_policy.name, maximum_retry_count=host.restart_policy.maximum_retry_count
        ),
        "auto_remove": host.auto_remove,
        "console_size": host.console_size,
        "annotations": mapped(host.annotations) or UNSET,
        "oom_score_adj": host.oom_score_adj,
        "runtime": host.runtime,
        "init": UNSET if host.init is None else host.init,
    }
