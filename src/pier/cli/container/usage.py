"""One sample of the stats endpoint as the numbers that people look at, and how they are listed."""

from pier.cli.render.listing import Listing
from pier.cli.render.units import binary_size, decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNKNOWN = "--"


class Usage:
    """What one container uses. `known` is False until the first sample; `name` is "" until then."""

    __slots__ = ("block", "container", "cpu", "identity", "known", "limit", "memory", "name", "network", "pids")

    def __init__(self, container: str) -> None:
        self.container = container  # as asked for
        self.identity = ""
        self.name = ""
        self.known = False
        self.cpu = 0.0  # percent of one CPU
        self.memory = 0.0  # bytes, page cache that can be dropped left out
        self.limit = 0.0  # bytes
        self.network = (0.0, 0.0)  # bytes received, sent
        self.block = (0, 0)  # bytes read, written
        self.pids = 0

    @property
    def memory_percent(self) -> float:
        """Memory as a part of its limit."""
        return self.memory / self.limit * 100 if self.limit else 0.0


def read_usage(container: str, sample: "dict[str, Any]") -> Usage:
    """The usage in one object of GET /containers/{id}/stats."""
    usage = Usage(container)
    usage.known = True
    usage.identity = str(sample.get("id") or "")
    usage.name = str(sample.get("name") or "").removeprefix("/")
    usage.cpu = _cpu_percent(sample.get("cpu_stats") or {}, sample.get("precpu_stats") or {})
    memory = sample.get("memory_stats") or {}
    usage.memory = _memory(memory)
    usage.limit = float(memory.get("limit") or 0)
    interfaces = (sample.get("networks") or {}).values()
    usage.network = (
        float(sum(interface.get("rx_bytes") or 0 for interface in interfaces)),
        float(sum(interface.get("tx_bytes") or 0 for interface in interfaces)),
    )
    usage.block = _block(sample.get("blkio_stats") or {})
    usage.pids = int((sample.get("pids_stats") or {}).get("current") or 0)
    return usage


def _cpu_percent(now: "dict[str, Any]", before: "dict[str, Any]") -> float:
    """Container time over host time between two samples, in percent of one CPU."""
    used_now = (now.get("cpu_usage") or {}).get("total_usage") or 0
    used_before = (before.get("cpu_usage") or {}).get("total_usage") or 0
    used = used_now - used_before
    passed = (now.get("system_cpu_usage") or 0) - (before.get("system_cpu_usage") or 0)
    cpus = now.get("online_cpus") or len((now.get("cpu_usage") or {}).get("percpu_usage") or ())
    return used / passed * cpus * 100.0 if used > 0 and passed > 0 else 0.0


def _memory(memory: "dict[str, Any]") -> float:
    usage = memory.get("usage") or 0
    details = memory.get("stats") or {}
    for key in ("total_inactive_file", "inactive_file"):  # cgroup v1, v2
        cache = details.get(key)
        if cache is not None and cache < usage:
            return float(usage - cache)
    return float(usage)


def _block(blkio: "dict[str, Any]") -> tuple[int, int]:
    read = written = 0
    for entry in blkio.get("io_service_bytes_recursive") or ():
        kind = str(entry.get("op") or "")[:1].lower()
        if kind == "r":
            read += entry.get("value") or 0
        elif kind == "w":
            written += entry.get("value") or 0
    return read, written


def stats_listing(*, truncate: bool) -> Listing:
    """How usage is listed."""

    def identity(usage: Usage) -> str:
        text = usage.identity or usage.container
        return text[:12] if truncate else text

    fields = {
        "Container": ("CONTAINER", lambda usage: usage.container),
        "Name": ("NAME", lambda usage: usage.name or _UNKNOWN),
        "ID": ("CONTAINER ID", identity),
        "CPUPerc": ("CPU %", lambda usage: _percent(usage, usage.cpu)),
        "MemUsage": ("MEM USAGE / LIMIT", _memory_text),
        "MemPerc": ("MEM %", lambda usage: _percent(usage, usage.memory_percent)),
        "NetIO": ("NET I/O", lambda usage: _pair(usage, usage.network)),
        "BlockIO": ("BLOCK I/O", lambda usage: _pair(usage, usage.block)),
        "PIDs": ("PIDS", lambda usage: str(usage.pids) if usage.known else _UNKNOWN),
    }
    columns = ("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs")
    return Listing("Stats", fields, columns)


def _percent(usage: Usage, value: float) -> str:
    return f"{value:.2f}%" if usage.known else _UNKNOWN


def _memory_text(usage: Usage) -> str:
    if not usage.known:
        return f"{_UNKNOWN} / {_UNKNOWN}"
    return f"{binary_size(usage.memory)} / {binary_size(usage.limit)}"


def _pair(usage: Usage, values: "tuple[float, float]") -> str:
    return f"{decimal_size(values[0])} / {decimal_size(values[1])}" if usage.known else _UNKNOWN
