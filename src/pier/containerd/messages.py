"""Domain values as containerd's messages and back."""

import json
from collections.abc import Iterable, Mapping

from google.protobuf.any_pb2 import Any
from google.protobuf.timestamp_pb2 import Timestamp
from pier_grpc import runc_pb2, runtimeoptions_pb2, types_pb2

from pier.domain.image import Descriptor
from pier.domain.mount import FilesystemMount
from pier.domain.runtime import RuntimeChoice

_OCI = "types.containerd.io/opencontainers/runtime-spec/1/"
SPEC = _OCI + "Spec"
PROCESS = _OCI + "Process"
RESOURCES = _OCI + "LinuxResources"


def mount_messages(mounts: Iterable[FilesystemMount]) -> list[types_pb2.Mount]:
    return [types_pb2.Mount(type=m.type, source=m.source, target=m.target, options=m.options) for m in mounts]


def mounts_of(messages: Iterable[types_pb2.Mount]) -> list[FilesystemMount]:
    return [FilesystemMount(type=m.type, source=m.source, target=m.target, options=tuple(m.options)) for m in messages]


def descriptor_message(descriptor: Descriptor) -> types_pb2.Descriptor:
    return types_pb2.Descriptor(
        media_type=descriptor.media_type,
        digest=descriptor.digest,
        size=descriptor.size,
        annotations=descriptor.annotations,
    )


def descriptor_of(message: types_pb2.Descriptor) -> Descriptor:
    return Descriptor(
        media_type=message.media_type,
        digest=message.digest,
        size=message.size,
        annotations=dict(message.annotations),
    )


def nanoseconds(timestamp: Timestamp) -> int:
    """Since the Unix epoch; Go's zero time (the year 1) and an absent one are 0."""
    if timestamp.seconds <= 0:
        return 0
    return timestamp.seconds * 1_000_000_000 + timestamp.nanos


def json_any(type_url: str, document: Mapping[str, object]) -> Any:
    """An OCI document as containerd takes it: JSON under a bare type name, which `Any.Pack` cannot make."""
    return Any(type_url=type_url, value=json.dumps(document, separators=(",", ":")).encode())


def runc_options(runtime: RuntimeChoice) -> Any | None:
    """None where everything is left to the shim's own defaults."""
    if runtime.options:
        given = runtime.options
        other = runtimeoptions_pb2.Options(
            type_url=given.get("TypeUrl", ""),
            config_path=given.get("ConfigPath", ""),
            config_body=given.get("ConfigBody", "").encode(),
        )
        return Any(type_url="runtimeoptions.v1.Options", value=other.SerializeToString())
    if not (runtime.binary or runtime.root or runtime.systemd_cgroup):
        return None
    options = runc_pb2.Options(binary_name=runtime.binary, root=runtime.root, systemd_cgroup=runtime.systemd_cgroup)
    return Any(type_url="containerd.runc.v1.Options", value=options.SerializeToString())
