"""Domain values cross the border unharmed."""

import json

from google.protobuf.timestamp_pb2 import Timestamp
from pier_grpc import runc_pb2

from pier.containerd.messages import (
    SPEC,
    descriptor_message,
    descriptor_of,
    json_any,
    mount_messages,
    mounts_of,
    nanoseconds,
    runc_options,
)
from pier.domain.image import Descriptor
from pier.domain.mount import FilesystemMount
from pier.domain.runtime import RuntimeChoice


def test_mounts_and_descriptors_come_back_equal() -> None:
    mounts = [FilesystemMount(type="overlay", source="overlay", options=("lowerdir=/a", "ro"), target="/t")]
    assert mounts_of(mount_messages(mounts)) == mounts
    descriptor = Descriptor(media_type="m", digest="sha256:0", size=7, annotations={"a": "b"})
    assert descriptor_of(descriptor_message(descriptor)) == descriptor


def test_time_is_exact_and_gos_zero_time_is_none() -> None:
    assert nanoseconds(Timestamp(seconds=1_700_000_000, nanos=123_456_789)) == 1_700_000_000_123_456_789
    assert nanoseconds(Timestamp(seconds=-62_135_596_800)) == 0
    assert nanoseconds(Timestamp()) == 0


def test_spec_is_json_under_a_bare_type_name() -> None:
    message = json_any(SPEC, {"process": {"args": ["ä"]}})
    assert message.type_url == "types.containerd.io/opencontainers/runtime-spec/1/Spec"
    assert json.loads(message.value) == {"process": {"args": ["ä"]}}


def test_runtime_options_are_sent_only_where_something_is_chosen() -> None:
    assert runc_options(RuntimeChoice()) is None
    message = runc_options(RuntimeChoice(binary="crun", root="/r", systemd_cgroup=True))
    assert message is not None
    assert message.type_url == "containerd.runc.v1.Options"
    options = runc_pb2.Options.FromString(message.value)
    assert (options.binary_name, options.root, options.systemd_cgroup) == ("crun", "/r", True)
