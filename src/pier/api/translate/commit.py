"""`POST /commit` and container update: requests to values."""

from collections.abc import Mapping

from pier.api.translate.host import load_restart_policy, require_no_windows
from pier.api.translate.process import load_config
from pier.api.translate.resources import load_resources
from pier.domain.errors import InvalidArgument
from pier.engine.containers.commit import CommitRequest
from pier.engine.containers.update import UpdateRequest
from pier.wire.container import ContainerConfig
from pier.wire.host_config import HostConfig

_FIXED = {  # keys of Resources that only create takes
    "BlkioWeightDevice": "blkio_weight_device",
    "BlkioDeviceReadBps": "blkio_device_read_bps",
    "BlkioDeviceWriteBps": "blkio_device_write_bps",
    "BlkioDeviceReadIOps": "blkio_device_read_iops",
    "BlkioDeviceWriteIOps": "blkio_device_write_iops",
    "CgroupParent": "cgroup_parent",
    "DeviceCgroupRules": "device_cgroup_rules",
    "DeviceRequests": "device_requests",
    "Devices": "devices",
    "MemorySwappiness": "memory_swappiness",
    "OomKillDisable": "oom_kill_disable",
    "Ulimits": "ulimits",
}


def load_commit(query: Mapping[str, list[str]], body: ContainerConfig, *, pause: bool) -> CommitRequest:
    """Instructions come as several `changes`, or parted by line ends."""

    def text(key: str) -> str:
        return query.get(key, [""])[0]

    return CommitRequest(
        container=text("container"),
        repository=text("repo"),
        tag=text("tag"),
        comment=text("comment"),
        author=text("author"),
        pause=pause,
        changes=tuple(line for given in query.get("changes", ()) for line in given.splitlines()),
        config=None if body == ContainerConfig() else load_config(body),
    )


def load_update(body: HostConfig) -> UpdateRequest:
    """Raises InvalidArgument for what cannot be changed, Unsupported for what Linux lacks."""
    require_no_windows(body)
    resources = load_resources(body)
    fixed = [key for key, name in _FIXED.items() if getattr(resources, name)]
    if fixed:
        raise InvalidArgument(f"{', '.join(fixed)} cannot be updated: make a new container with other values")
    policy = load_restart_policy(body) if body.restart_policy and body.restart_policy.name else None
    return UpdateRequest(resources=resources, restart_policy=policy)
