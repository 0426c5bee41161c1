import pytest

from pier.domain.errors import InvalidArgument
from pier.oci.devices import device_documents, device_rules, parse_device_rule
from pier.oci.inputs import Device

FUSE = Device(path="/dev/fuse", type="c", major=10, minor=229, mode=0o666, permissions="rw")


def test_nothing_is_allowed_but_what_is_named() -> None:
    rules = device_rules([FUSE], ["b 8:* r"], privileged=False)
    assert rules == [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"},
        {"allow": True, "type": "b", "major": 8, "access": "r"},
    ]


def test_privileged_may_use_every_device() -> None:
    assert device_rules([FUSE], [], privileged=True) == [{"allow": True, "access": "rwm"}]


def test_device_node_keeps_owner_and_mode() -> None:
    assert device_documents([FUSE]) == [
        {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666, "uid": 0, "gid": 0}
    ]


@pytest.mark.parametrize("text", ["", "c 1:3", "x 1:3 rwm", "c 1 rwm", "c 1:3 rwx", "c 1:3 rwmr", "c  1:3 r"])
def test_bad_rule_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid device cgroup rule format"):
        parse_device_rule(text)
