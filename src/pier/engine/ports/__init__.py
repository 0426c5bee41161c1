"""What the engine needs of the world, said as Protocols. Adapters fit them without importing this package.

One module for each part of the world. Only Protocols live here; the values that cross a port live in `pier.domain`, the
errors are those of `pier.domain.errors`. That an adapter fits is checked by mypy where `pier.daemon` hands it over.
"""

from pier.engine.ports.host import Host, Volumes
from pier.engine.ports.layers import (
    Content,
    Diffs,
    ImageRecords,
    LayerLimits,
    Leases,
    Neighbour,
    Neighbours,
    Snapshots,
)
from pier.engine.ports.memory import Records
from pier.engine.ports.network import Networks
from pier.engine.ports.runtime import Containerd, ContainerObjects, Inits, RuntimeEvents, Tasks
from pier.engine.ports.streams import LogLine, Logs, Output, Stream, Streams
from pier.engine.ports.transfer import ArchiveEntry, Archives, Copies, Packing, Registry, RegistrySession

__all__ = [
    "ArchiveEntry",
    "Archives",
    "ContainerObjects",
    "Containerd",
    "Content",
    "Copies",
    "Diffs",
    "Host",
    "ImageRecords",
    "Inits",
    "LayerLimits",
    "Leases",
    "LogLine",
    "Logs",
    "Neighbour",
    "Neighbours",
    "Networks",
    "Output",
    "Packing",
    "Records",
    "Registry",
    "RegistrySession",
    "RuntimeEvents",
    "Snapshots",
    "Stream",
    "Streams",
    "Tasks",
    "Volumes",
]
