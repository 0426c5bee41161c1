"""Device nodes and what a container's cgroup allows on devices (OCI runtime-spec, "Devices")."""

import re
from collections.abc import Iterable, Sequence

from pier.domain.errors import InvalidArgument
from pier.oci.inputs import Device, Document

_RULE = re.compile(r"([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})")
_DENY_ALL: Document = {"allow": False, "access": "rwm"}
_ALLOW_ALL: Document = {"allow": True, "access": "rwm"}


def device_documents(devices: Iterable[Device]) -> list[Document]:
    """`linux.devices`: nodes to make beside those every container has (null, zero, full, random, urandom, tty)."""
    return [
        {
            "path": device.path,
            "type": device.type,
            "major": device.major,
            "minor": device.minor,
            "fileMode": device.mode,
            "uid": device.uid,
            "gid": device.gid,
        }
        for device in devices
    ]


def device_rules(devices: Iterable[Device], extra: Sequence[str], *, privileged: bool) -> list[Document]:
    """`linux.resources.devices`: nothing but what is named; everything when privileged.

    The OCI runtime itself adds the default devices behind these rules. Raises InvalidArgument for a bad rule.
    """
    if privileged:
        return [_ALLOW_ALL]
    named: list[Document] = [
        {
            "allow": True,
            "type": device.type,
            "major": device.major,
            "minor": device.minor,
            "access": device.permissions,
        }
        for device in devices
    ]
    return [_DENY_ALL, *named, *(parse_device_rule(rule) for rule in extra)]


def parse_device_rule(text: str) -> Document:
    """`c 188:* rwm` (`--device-cgroup-rule`); `*` is any number. Raises InvalidArgument."""
    found = _RULE.fullmatch(text)
    if found is None:
        raise InvalidArgument(f"invalid device cgroup rule format: '{text}'")
    kind, major, minor, access = found.groups()
    rule: Document = {"allow": True, "type": kind, "access": access}
    if major != "*":
        rule["major"] = int(major)
    if minor != "*":
        rule["minor"] = int(minor)
    return rule
