"""What a create request may not ask for: each refusal names the field, the reason, and what is accepted."""

import posixpath
from collections.abc import Callable

from pier.domain import ids
from pier.domain.container import Config, Healthcheck, HostConfig, RestartPolicy
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.network import parse_port, parse_port_range
from pier.domain.resources import Resources
from pier.domain.runtime import HostFacts
from pier.domain.signals import parse_signal
from pier.domain.storage import layer_size
from pier.oci.capabilities import wanted_capabilities
from pier.oci.security import parse_security_options

MIN_MEMORY = 6 << 20
_MAX_IN_SET = 8192  # CPUs and memory nodes: more than any kernel is built for
MIN_HEALTH_DURATION = 1_000_000  # 1 ms
_RESTART_POLICIES = ("no", "always", "on-failure", "unless-stopped")
# Of mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS" and "Mount options for tmpfs", those that dockerd lets through.
_TMPFS_SWITCHES = ("suid", "dev", "exec", "mand", "atime", "diratime", "relatime", "strictatime")
_TMPFS_PROPAGATIONS = ("private", "shared", "slave", "unbindable")
_TMPFS_FLAGS = frozenset(
    (
        *("ro", "rw", "sync", "async", "dirsync", "remount", "bind", "rbind", "defaults"),
        *(f"{negation}{name}" for name in _TMPFS_SWITCHES for negation in ("", "no")),
        *(f"{recursion}{name}" for name in _TMPFS_PROPAGATIONS for recursion in ("", "r")),
    )
)
_TMPFS_VALUES = frozenset(("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"))


def check_name(name: str, shown: str = "") -> None:
    if not ids.is_valid_name(name):
        raise InvalidArgument(f"Invalid container name ({shown or name}), only {ids.NAME_RULE} are allowed")


def check_config(config: Config) -> None:
    """The portable half. Raises InvalidArgument, Unsupported."""
    if config.working_dir and not config.working_dir.startswith("/"):
        raise InvalidArgument(
            f"the working directory '{config.working_dir}' is invalid, it needs to be an absolute path"
        )
    for variable in config.env:
        if not variable or variable.startswith("="):
            raise InvalidArgument(f"invalid environment variable: {variable}")
    for port in config.exposed_ports:
        parse_port(port)
    for path in config.volumes:
        if not path.startswith("/"):
            raise InvalidArgument(f"invalid volume specification: '{path}': a path inside must be absolute")
        if path.rstrip("/") == "":
            raise InvalidArgument("invalid volume specification: destination can't be '/'")
    if config.stop_signal:
        parse_signal(config.stop_signal)
    if config.healthcheck:
        _check_healthcheck(config.healthcheck)


def _check_healthcheck(check: Healthcheck) -> None:
    durations = (check.interval, check.timeout, check.start_period, check.start_interval)
    names = ("Interval", "Timeout", "StartPeriod", "StartInterval")
    for name, value in zip(names, durations, strict=True):
        if value and value < MIN_HEALTH_DURATION:
            raise InvalidArgument(f"{name} in Healthcheck cannot be less than 1ms")
    if check.retries < 0:
        raise InvalidArgument("Retries in Healthcheck cannot be negative")
    if check.test and check.test[0] not in ("NONE", "CMD", "CMD-SHELL"):
        raise InvalidArgument(f"unknown type {check.test[0]!r} in Healthcheck.Test (try 'CMD')")


def check_host_config(host: HostConfig, config: Config, facts: HostFacts, knows_runtime: Callable[[str], bool]) -> None:
    """The half that is about this host. Raises InvalidArgument, Unsupported; PierError for a bad security option."""
    check_restart_policy(host.restart_policy)
    if host.auto_remove and host.restart_policy.name != "no":
        raise InvalidArgument("can't create 'AutoRemove' container with restart policy")
    _check_resources(host.resources, facts)
    _check_modes(host, config)
    if not -1000 <= host.oom_score_adj <= 1000:
        raise InvalidArgument(f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]")
    for entry in host.extra_hosts:
        if not all(entry.partition(":")[::2]):
            raise InvalidArgument(f'bad format for add-host: "{entry}"')
    for path, options in host.tmpfs.items():
        if not path.startswith("/"):
            raise InvalidArgument(f"invalid mount path: '{path}' mount path must be absolute")
        if not posixpath.normpath(path).strip("/"):
            raise InvalidArgument("invalid specification: destination can't be '/'")
        _check_tmpfs(options)
    if "" in host.annotations:
        raise InvalidArgument("invalid Annotations: the empty string is not permitted as an annotation key")
    if host.shm_size < 0:
        raise InvalidArgument("SHM size can not be less than 0")
    if host.runtime and not knows_runtime(host.runtime):
        raise InvalidArgument(f"unknown or invalid runtime name: {host.runtime}")
    wanted_capabilities(host.cap_add, host.cap_drop, privileged=host.privileged)
    for port, bindings in host.port_bindings.items():
        parse_port(port)
        for binding in bindings:
            parse_port_range(binding.host_port)
    parse_security_options(host.security_opt)
    _check_network(host, config)


def _check_tmpfs(options: str) -> None:
    for option in filter(None, options.split(",")):
        name, is_given, _ = option.partition("=")
        if name not in (_TMPFS_VALUES if is_given else _TMPFS_FLAGS):
            raise InvalidArgument(f'invalid tmpfs option "{name}"')


def check_restart_policy(policy: RestartPolicy) -> None:
    """Raises InvalidArgument."""
    if policy.name not in _RESTART_POLICIES:
        raise InvalidArgument(
            f"invalid restart policy: unknown policy '{policy.name}'; use one of 'no', 'always', 'on-failure', "
            "or 'unless-stopped'"
        )
    if policy.maximum_retry_count and policy.name != "on-failure":
        raise InvalidArgument("invalid restart policy: maximum retry count can only be used with 'on-failure'")
    if policy.maximum_retry_count < 0:
        raise InvalidArgument("invalid restart policy: maximum retry count cannot be negative")


def check_update(resources: Resources, facts: HostFacts) -> None:
    """The same limits where some are changed alone: swap may be, as memory has been set before."""
    _check_resources(resources, facts, update=True)


def _check_resources(resources: Resources, facts: HostFacts, *, update: bool = False) -> None:
    memory, swap = resources.memory, resources.memory_swap
    if memory and memory < MIN_MEMORY:
        raise InvalidArgument("Minimum memory limit allowed is 6MB")
    if swap > 0 and not memory and not update:
        raise InvalidArgument("You should always set the Memory limit when using Memoryswap limit, see usage")
    if memory and 0 < swap < memory:
        raise InvalidArgument("Minimum memoryswap limit should be larger than memory limit, see usage")
    if 0 < resources.memory_reservation < MIN_MEMORY:
        raise InvalidArgument("Minimum memory reservation allowed is 6MB")
    if memory and resources.memory_reservation > memory:
        raise InvalidArgument("Minimum memory limit can not be less than memory reservation limit, see usage")
    if resources.memory_swappiness is not None and not -1 <= resources.memory_swappiness <= 100:
        raise InvalidArgument(f"Invalid value: {resources.memory_swappiness}, valid memory swappiness range is 0-100")
    _check_cpus(resources, facts)
    if resources.blkio_weight and not 10 <= resources.blkio_weight <= 1000:
        raise InvalidArgument("Range of blkio weight is from 10 to 1000")
    for limit in resources.ulimits:
        if limit.hard != -1 and (limit.soft > limit.hard or limit.soft == -1):
            raise InvalidArgument(
                f"ulimit soft limit must be less than or equal to hard limit: {limit.name}: {limit.soft} > {limit.hard}"
            )


def _check_cpus(resources: Resources, facts: HostFacts) -> None:
    if resources.nano_cpus and (resources.cpu_quota or resources.cpu_period):
        other = "Period" if resources.cpu_period else "Quota"
        raise InvalidArgument(f"Conflicting options: Nano CPUs and CPU {other} cannot both be set")
    if resources.nano_cpus < 0 or resources.nano_cpus > facts.cpus * 1_000_000_000:
        raise InvalidArgument(
            f"range of CPUs is from 0.01 to {facts.cpus}.00, as there are only {facts.cpus} CPUs available"
        )
    if resources.cpu_shares < 0:
        raise InvalidArgument(f"invalid CPU shares ({resources.cpu_shares}): value must be a positive integer")
    if resources.cpu_period and not 1_000 <= resources.cpu_period <= 1_000_000:
        raise InvalidArgument("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
    if 0 < resources.cpu_quota < 1_000:
        raise InvalidArgument("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    _check_set(resources.cpuset_cpus, "cpus", "CPUs", facts.online_cpus)
    _check_set(resources.cpuset_mems, "mems", "memory nodes", facts.online_memory_nodes)


def _check_set(wanted: str, kind: str, things: str, available: str) -> None:
    """What is `available` may be unknown: empty."""
    numbers = _parse_set(wanted, kind)
    if available and not numbers <= _parse_set(available, kind):
        raise InvalidArgument(f"Requested {things} are not available - requested {wanted}, available: {available}")


def _parse_set(text: str, kind: str) -> set[int]:
    """`0-2,4` as in cpuset(7), "List format". Raises InvalidArgument."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, is_range, last = part.partition("-")
        last = last if is_range else first
        if not all(number.isascii() and number.isdigit() for number in (first, last)) or int(last) < int(first):
            raise InvalidArgument(f"Invalid value {text} for cpuset {kind}: invalid format: {text}")
        if int(last) > _MAX_IN_SET:
            why = f"value of out range, maximum is {_MAX_IN_SET}"
            raise InvalidArgument(f"Invalid value {text} for cpuset {kind}: {why}")
        found |= set(range(int(first), int(last) + 1))
    return found


def _check_modes(host: HostConfig, config: Config) -> None:
    if host.userns_mode not in ("", "host"):
        raise Unsupported(f"Pier does not remap user namespaces: HostConfig.UsernsMode {host.userns_mode!r}")
    if host.isolation not in ("", "default"):
        raise InvalidArgument(f"invalid isolation ({host.isolation}): linux only supports 'default'")
    if host.cgroupns_mode not in ("", "host", "private"):
        raise InvalidArgument(f"invalid cgroup namespace mode: {host.cgroupns_mode}")
    if host.uts_mode not in ("", "host"):
        raise InvalidArgument(f"invalid UTS mode: {host.uts_mode}")
    if host.uts_mode == "host" and config.hostname:
        raise InvalidArgument("conflicting options: hostname and the UTS mode")
    if host.pid_mode not in ("", "host") and not host.pid_mode.startswith("container:"):
        raise InvalidArgument(f"invalid PID mode: {host.pid_mode}")
    if host.ipc_mode not in ("", "none", "private", "shareable", "host") and not host.ipc_mode.startswith("container:"):
        raise InvalidArgument(f"invalid IPC mode: {host.ipc_mode}")
    layer_size(host.storage_opt)
    if host.cgroup:
        raise Unsupported(
            "HostConfig.Cgroup has no effect, in dockerd neither, which takes any text: "
            "CgroupParent says below which cgroup a container is"
        )


def _check_network(host: HostConfig, config: Config) -> None:
    """What a network that is another's leaves nobody to ask for; no container is looked up for that."""
    kind, _, owner = host.network_mode.partition(":")
    if kind == "host" and host.links:
        raise InvalidArgument(no_links_with("host type networking"))
    if kind != "container":
        return
    if not owner:
        raise InvalidArgument("invalid network mode: invalid container format container:<name|id>")
    if config.hostname:
        raise InvalidArgument("conflicting options: hostname and the network mode")
    if host.links:
        raise InvalidArgument(no_links_with("container type network"))
    if host.dns:
        raise InvalidArgument("conflicting options: dns and the network mode")
    if host.extra_hosts:
        raise InvalidArgument("conflicting options: custom host-to-IP mapping and the network mode")
    if host.port_bindings or host.publish_all_ports:
        raise InvalidArgument("conflicting options: port publishing and the container type network mode")
    if config.exposed_ports:
        raise InvalidArgument("conflicting options: port exposing and the container type network mode")


def no_links_with(what: str) -> str:
    """Docker's words for a link from, or to, a container without a network of its own."""
    return f"conflicting options: {what} can't be used with links. This would result in undefined behavior"
