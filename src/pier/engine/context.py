"""What every use case works with: the ports, the memory, and what is alive. Made once, by the daemon."""

from dataclasses import dataclass

from pier.config import Config
from pier.domain.runtime import HostFacts
from pier.engine import ports
from pier.engine.bus import Bus
from pier.engine.gate import Gate
from pier.engine.jobs import Jobs
from pier.engine.live import Live
from pier.engine.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The adapters, each seen as its Protocol."""

    records: ports.Records
    containerd: ports.Containerd
    tasks: ports.Tasks
    inits: ports.Inits
    objects: ports.ContainerObjects
    snapshots: ports.Snapshots
    limits: ports.LayerLimits
    content: ports.Content
    image_records: ports.ImageRecords
    neighbours: ports.Neighbours
    diffs: ports.Diffs
    leases: ports.Leases
    runtime_events: ports.RuntimeEvents
    streams: ports.Streams
    logs: ports.Logs
    networks: ports.Networks
    volumes: ports.Volumes
    host: ports.Host
    registry: ports.Registry
    archives: ports.Archives
    copies: ports.Copies


@dataclass(slots=True, kw_only=True)
class Context:
    """One for each engine. Only `config` is ever replaced: when it was read again (Engine.reconfigure)."""

    config: Config
    facts: HostFacts
    ports: Ports
    memory: Memory
    bus: Bus
    gate: Gate
    live: Live
    jobs: Jobs
