"""Limits: cgroup resources (OCI runtime-spec, "Control groups"), rlimits, and where a container's cgroup lies."""

from collections.abc import Iterable, Mapping, Sequence

from pier.domain.errors import InvalidArgument
from pier.domain.resources import Resources, ThrottleDevice, Ulimit
from pier.domain.runtime import HostFacts
from pier.oci.inputs import CgroupDriver, Document

_CPU_PERIOD = 100_000  # microseconds: the kernel's default period of CFS bandwidth
_NANO = 1_000_000_000
_UNLIMITED = 2**64 - 1  # RLIM_INFINITY
_RLIMIT_NAMES = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack"
_RLIMITS = frozenset(_RLIMIT_NAMES.split())


def cgroups_path(container_id: str, *, parent: str, driver: CgroupDriver) -> str:
    """`linux.cgroupsPath`: `<parent>/<id>`, or for systemd `<slice>:pier:<id>` (a slice must end in `.slice`).

    Raises InvalidArgument for a parent that is no slice under systemd.
    """
    if driver == "cgroupfs":
        return f"{parent.rstrip('/')}/{container_id}"
    if not parent.endswith(".slice"):
        raise InvalidArgument(f"cgroup parent {parent!r}: with the systemd driver it must be a slice, as `pier.slice`")
    return f"{parent}:pier:{container_id}"


def effective_memory_swap(resources: Resources) -> int:
    """Memory and swap together: as given, or twice the memory where only that is limited (Docker's default)."""
    if resources.memory and not resources.memory_swap:
        return resources.memory * 2
    return resources.memory_swap


def resource_document(
    resources: Resources,
    facts: HostFacts,
    warnings: list[str],
    block_devices: Mapping[str, tuple[int, int]] | None = None,
) -> Document:
    """`linux.resources` without devices; also what a running container is updated with.

    A limit that this host's cgroups cannot hold is left out, and `warnings` say so. Raises InvalidArgument when a
    device of a block I/O limit is not among `block_devices`.
    """
    sections = {
        "memory": _memory(resources, facts, warnings),
        "cpu": _cpu(resources, facts, warnings),
        "pids": _pids(resources),
        "blockIO": _block_io(resources, facts, warnings, block_devices or {}),
    }
    controllers = {"memory": "memory", "cpu": "cpu", "pids": "pids", "blockIO": _block_controller(facts)}
    document: Document = {}
    for section, content in sections.items():
        if not content:
            continue
        if facts.cgroup_controllers and controllers[section] not in facts.cgroup_controllers:
            warnings.append(f"{section} limits are not applied: this host has no {controllers[section]} controller")
            continue
        document[section] = content
    return document


def _block_controller(facts: HostFacts) -> str:
    return "io" if facts.cgroup_version == 2 else "blkio"


def _memory(resources: Resources, facts: HostFacts, warnings: list[str]) -> Document:
    memory: Document = {}
    if resources.memory:
        memory["limit"] = resources.memory
    if resources.memory_reservation:
        memory["reservation"] = resources.memory_reservation
    swap = effective_memory_swap(resources)
    if swap and facts.swap_limit:
        memory["swap"] = swap
    elif swap and resources.memory_swap:
        warnings.append("memory is limited without swap: this host's cgroups do not count swap")
    if resources.memory_swappiness is not None and resources.memory_swappiness >= 0:
        if facts.cgroup_version == 1:
            memory["swappiness"] = resources.memory_swappiness
        else:
            warnings.append("memory swappiness is discarded: cgroup v2 has no such setting")
    if resources.oom_kill_disable:
        if facts.cgroup_version == 1:
            memory["disableOOMKiller"] = True
        else:
            warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
    return memory


def _cpu(resources: Resources, facts: HostFacts, warnings: list[str]) -> Document:
    cpu: Document = {}
    if resources.cpu_shares:
        cpu["shares"] = resources.cpu_shares
    if resources.nano_cpus:
        cpu["period"] = _CPU_PERIOD
        cpu["quota"] = resources.nano_cpus * _CPU_PERIOD // _NANO
    if resources.cpu_period:
        cpu["period"] = resources.cpu_period
    if resources.cpu_quota:
        cpu["quota"] = resources.cpu_quota
    if resources.cpuset_cpus:
        cpu["cpus"] = resources.cpuset_cpus
    if resources.cpuset_mems:
        cpu["mems"] = resources.cpuset_mems
    if (resources.cpu_realtime_period or resources.cpu_realtime_runtime) and facts.cgroup_version == 2:
        warnings.append("CPU real-time limits are discarded: cgroup v2 has no such setting")
        return cpu
    if resources.cpu_realtime_period:
        cpu["realtimePeriod"] = resources.cpu_realtime_period
    if resources.cpu_realtime_runtime:
        cpu["realtimeRuntime"] = resources.cpu_realtime_runtime
    return cpu


def _pids(resources: Resources) -> Document:
    if resources.pids_limit is None or resources.pids_limit == 0:
        return {}
    return {"limit": resources.pids_limit}  # -1 stands for unlimited here too


def _block_io(
    resources: Resources, facts: HostFacts, warnings: list[str], numbers: Mapping[str, tuple[int, int]]
) -> Document:
    block: Document = {}
    if resources.blkio_weight_device and facts.cgroup_version == 2:
        warnings.append("block I/O weights of devices count only where BFQ schedules them: cgroup v2 has no others")
    if resources.blkio_weight:
        block["weight"] = resources.blkio_weight
    if resources.blkio_weight_device:
        block["weightDevice"] = [
            {**_numbers(device.path, numbers), "weight": device.weight} for device in resources.blkio_weight_device
        ]
    for key, devices in (
        ("throttleReadBpsDevice", resources.blkio_device_read_bps),
        ("throttleWriteBpsDevice", resources.blkio_device_write_bps),
        ("throttleReadIOPSDevice", resources.blkio_device_read_iops),
        ("throttleWriteIOPSDevice", resources.blkio_device_write_iops),
    ):
        if devices:
            block[key] = _throttle(devices, numbers)
    return block


def _throttle(devices: Iterable[ThrottleDevice], numbers: Mapping[str, tuple[int, int]]) -> list[Document]:
    return [{**_numbers(device.path, numbers), "rate": device.rate} for device in devices]


def _numbers(path: str, numbers: Mapping[str, tuple[int, int]]) -> Document:
    if path not in numbers:
        raise InvalidArgument(f"block I/O limit: {path} is not a device of this host")
    major, minor = numbers[path]
    return {"major": major, "minor": minor}


def block_device_paths(resources: Resources) -> frozenset[str]:
    """The host paths whose device numbers resource_document will ask for."""
    throttled = (
        *resources.blkio_device_read_bps,
        *resources.blkio_device_write_bps,
        *resources.blkio_device_read_iops,
        *resources.blkio_device_write_iops,
    )
    weighted = (device.path for device in resources.blkio_weight_device)
    return frozenset((*weighted, *(device.path for device in throttled)))


def rlimit_documents(
    ulimits: Sequence[Ulimit], defaults: Sequence[Ulimit], facts: HostFacts, warnings: list[str]
) -> list[Document]:
    """`process.rlimits`: the defaults, overridden by name; each cut to the host's hard limit with a warning.

    Raises InvalidArgument for an unknown name or soft above hard.
    """
    by_name = {ulimit.name.lower(): ulimit for ulimit in (*defaults, *ulimits)}
    return [_rlimit(name, by_name[name], facts, warnings) for name in sorted(by_name)]


def _rlimit(name: str, ulimit: Ulimit, facts: HostFacts, warnings: list[str]) -> Document:
    if name not in _RLIMITS:
        raise InvalidArgument(f"invalid ulimit type: {ulimit.name}")
    soft, hard = (_UNLIMITED if value == -1 else value for value in (ulimit.soft, ulimit.hard))
    if soft > hard:
        raise InvalidArgument(f"ulimit soft limit must be less than or equal to hard limit: {name} {soft} > {hard}")
    most = facts.hard_limits.get(name, -1)
    if most != -1 and hard > most:
        warnings.append(f"ulimit {name} is cut to {most}: containerd itself may not go above it")
        soft, hard = min(soft, most), most
    return {"type": f"RLIMIT_{name.upper()}", "soft": soft, "hard": hard}
