"""`pier container update`, `pier update`."""

from pier.cli.container.request import read_restart_policy
from pier.cli.errors import CliError
from pier.cli.flags import BYTES, DECIMAL, INT, STRING, UINT16, Command, Flag, Values
from pier.cli.parallel import for_each
from pier.cli.quantities import read_swap
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

_NUMBERS = {
    "blkio-weight": "BlkioWeight",
    "cpu-period": "CpuPeriod",
    "cpu-quota": "CpuQuota",
    "cpu-rt-period": "CpuRealtimePeriod",
    "cpu-rt-runtime": "CpuRealtimeRuntime",
    "cpu-shares": "CpuShares",
    "cpus": "NanoCpus",
    "memory": "Memory",
    "memory-reservation": "MemoryReservation",
}
_NEVER_SENT = (  # what an update cannot change
    *("BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps"),
    *("Devices", "DeviceCgroupRules", "DeviceRequests", "MemorySwappiness", "OomKillDisable", "Ulimits"),
)
_TEXTS = {"cpuset-cpus": "CpusetCpus", "cpuset-mems": "CpusetMems"}


def update(session: "Session", values: Values, names: list[str]) -> int:
    """Change limits or the restart policy and print the names of the containers that took it."""
    if not any(values.given(flag.name) for flag in UPDATE.flags):
        raise CliError("you must provide one or more flags when using this command")
    body = _body(values)

    def act(name: str) -> str:
        answer = session.client.post(f"/containers/{quote_path(name)}/update", body=body)
        for warning in answer.get("Warnings") or ():
            session.err(f"WARNING: {warning}\n")
        return name

    return for_each(session, names, act)


def _body(values: Values) -> "dict[str, Any]":
    """The limits that were given; zero, empty or null leaves one as it is. The keys are those of docker's CLI."""
    swap = values.text("memory-swap")
    return {
        **{key: values.number(flag) for flag, key in _NUMBERS.items()},
        **{key: values.text(flag) for flag, key in _TEXTS.items()},
        "MemorySwap": read_swap(swap) if swap else 0,
        "PidsLimit": values.number("pids-limit") if values.given("pids-limit") else None,
        "RestartPolicy": read_restart_policy(values.text("restart")),
        "CgroupParent": "",
        **dict.fromkeys(_NEVER_SENT),
        **({"KernelMemory": values.number("kernel-memory")} if values.given("kernel-memory") else {}),
        **dict.fromkeys(("CpuCount", "CpuPercent", "IOMaximumBandwidth", "IOMaximumIOps"), 0),
    }


UPDATE = Command(
    "container update",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    "Change the limits of containers",
    (
        Flag("blkio-weight", "", UINT16, "Relative weight of block I/O (10 to 1000)"),
        Flag("cpu-period", "", INT, "Period of the CFS quota in microseconds"),
        Flag("cpu-quota", "", INT, "CFS quota in microseconds a period"),
        Flag("cpu-rt-period", "", INT, "Period of the real-time quota in microseconds"),
        Flag("cpu-rt-runtime", "", INT, "Real-time quota in microseconds a period"),
        Flag("cpu-shares", "c", INT, "Relative weight of CPU time"),
        Flag("cpus", "", DECIMAL, "Number of CPUs, may be a fraction"),
        Flag("cpuset-cpus", "", STRING, "CPUs that may be used (0-3, 0,1)"),
        Flag("cpuset-mems", "", STRING, "Memory nodes that may be used (0-3, 0,1)"),
        Flag("kernel-memory", "", BYTES, "Accepted for old scripts; the kernel has no such limit any more"),
        Flag("memory", "m", BYTES, "Limit of memory"),
        Flag("memory-reservation", "", BYTES, "Soft limit of memory"),
        Flag(
            "memory-swap",
            "",
            STRING,
            "Limit of memory and swap together; -1 for no limit",
            metavar=BYTES,
            check=read_swap,
        ),
        Flag("pids-limit", "", INT, "Limit of processes; -1 for no limit"),
        Flag("restart", "", STRING, "What to do when the container exits"),
    ),
    update,
    least=1,
    completer="containers",
)
