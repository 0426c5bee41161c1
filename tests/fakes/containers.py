"""Values for tests: a container, an image, a reading of a cgroup."""

from dataclasses import replace
from typing import Any

from pier.domain.container import Config, Container, HostConfig, LogConfig, State, Status
from pier.domain.errors import PierError
from pier.domain.image import Descriptor, Image, Platform
from pier.domain.network import Endpoint, InterfaceCounters
from pier.domain.runtime import ResourceSample
from pier.engine.containers.usage import StatsSample

SECOND = 1_000_000_000
WEB = "a" * 63 + "1"
IMAGE = "sha256:" + "b" * 64
NETWORK = "c" * 64


def a_container(**changes: Any) -> Container:
    container = Container(
        id=WEB,
        name="web",
        created_at=1_700_000_000 * SECOND,
        image_ref="busybox:latest",
        image_id=IMAGE,
        config=Config(image="busybox:latest", cmd=("sleep", "30"), hostname=WEB[:12]),
        host_config=HostConfig(log_config=LogConfig(), port_bindings={}),
        path="sleep",
        args=("30",),
        state=State(status=Status.RUNNING, pid=42, started_at=1_700_000_001 * SECOND),
        endpoints={"bridge": Endpoint(network_id=NETWORK, network_name="bridge", endpoint_id="e" * 64)},
    )
    return replace(container, **changes)


def an_image(**changes: Any) -> Image:
    descriptor = Descriptor(media_type="application/vnd.oci.image.manifest.v1+json", digest=IMAGE, size=100)
    image = Image(
        id=IMAGE,
        manifest=descriptor,
        config_descriptor=descriptor,
        layers=(descriptor,),
        diff_ids=("sha256:" + "d" * 64,),
        chain_id="sha256:" + "d" * 64,
        config=Config(cmd=("sh",)),
        platform=Platform(),
        created_at=1_600_000_000 * SECOND,
        repo_tags=("busybox:latest",),
        size=1234,
    )
    return replace(image, **changes)


def a_sample(moment: int, cpu: int = 1000) -> ResourceSample:
    return ResourceSample(
        read_at=moment,
        cpu_total=cpu,
        system_cpu=10 * cpu,
        online_cpus=2,
        memory_usage=4096,
        memory_stats={"cache": 1},
        pids_current=3,
        blkio={"io_service_bytes": ()},
    )


def stats_sample(moment: int, cpu: int = 1000) -> StatsSample:
    counters = [InterfaceCounters(name="eth0", rx_bytes=7)]
    return StatsSample(container=a_container(), sample=a_sample(moment, cpu), counters=counters, memory_limit=1 << 30)


def broken(message: str = "boom") -> PierError:
    return PierError(message)
