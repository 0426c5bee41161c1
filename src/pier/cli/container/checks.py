"""Reads one value of a run or create flag while the command line is parsed; a ValueError's text ends up in
`invalid argument "…" for "--x" flag: …`. Those that make something return what the API takes.
"""

from pier.cli.csv_fields import split_fields
from pier.cli.quantities import read_bytes, read_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ULIMITS = frozenset(
    (
        *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile"),
        *("nproc", "rss", "rtprio", "rttime", "sigpending", "stack"),
    )
)
_SYSCTLS = frozenset(
    (
        *("kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall"),
        *("kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"),
    )
)


def is_ip(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    import _socket

    family = _socket.AF_INET6 if ":" in text else _socket.AF_INET
    try:
        _socket.inet_pton(family, text)
    except OSError:
        return False
    return True


def extra_host(text: str) -> str:
    """`name:address` or `name=address`, given back with a colon."""
    marks = [position for position in (text.find("="), text.find(":")) if position > 0]
    if not marks:
        raise ValueError(f'bad format for add-host: "{text}"')
    cut = text.find("=") if "=" in text and text.find("=") > 0 else min(marks)
    name, address = text[:cut], text[cut + 1 :]
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    if address != "host-gateway" and not is_ip(address):
        raise ValueError(f'invalid IP address in add-host: "{address}"')
    return f"{name}:{address}"


def dns_server(text: str) -> str:
    """An address of a DNS server."""
    if not is_ip(text.strip()):
        raise ValueError(f"IP address is not correctly formatted: {text}")
    return text


def dns_search(text: str) -> str:
    """A search domain; a single dot means none."""
    name = text.strip().strip(".")
    allowed = all(letter.isalnum() or letter in "-_." for letter in name)
    if text.strip() != "." and (not name or not allowed or ".." in name):
        raise ValueError(f"{text} is not a valid domain")
    return text


def link(text: str) -> str:
    """`container` or `container:alias`."""
    if not text:
        raise ValueError("empty string specified for links")
    if text.count(":") > 1:
        raise ValueError(f"bad format for links: {text}")
    return text


def stream(text: str) -> str:
    """A stream's name in lower case."""
    name = text.lower()
    if name not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return name


def variable(text: str) -> str:
    """NAME=value or NAME."""
    if not text.partition("=")[0]:
        raise ValueError(f"invalid environment variable: {text}")
    return text


def label(text: str) -> tuple[str, str]:
    """key=value or key."""
    key, _, value = text.partition("=")
    if not key.strip():
        raise ValueError(f"invalid label '{text}': empty name")
    return key, value


def sysctl(text: str) -> tuple[str, str]:
    """A kernel parameter that belongs to the container's own namespaces."""
    name, _, value = text.partition("=")
    if name not in _SYSCTLS and not name.startswith(("net.", "fs.mqueue.")):
        raise ValueError(f"sysctl '{text}' is not allowed")
    return name, value


def ulimit(text: str) -> "dict[str, Any]":
    """`name=soft[:hard]` as {Name, Hard, Soft}."""
    name, equals, limits = text.partition("=")
    if not equals:
        raise ValueError(f"invalid ulimit argument: {text}")
    if name not in ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    soft_text, colon, hard_text = limits.partition(":")
    soft = read_int(soft_text)
    hard = read_int(hard_text) if colon else soft
    if hard != -1 and (soft == -1 or soft > hard):
        raise ValueError(f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}")
    return {"Name": name, "Hard": hard, "Soft": soft}


def weight_device(text: str) -> "dict[str, Any]":
    """`/dev/x:weight`."""
    path, _, weight = _device_and(text)
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    if not weight.isdecimal() or (int(weight) and not 10 <= int(weight) <= 1000):
        raise ValueError(f"invalid weight for device: {text}")
    return {"Path": path, "Weight": int(weight)}


def _device_and(text: str) -> tuple[str, str, str]:
    if not text.partition(":")[1]:
        raise ValueError(f"bad format: {text}")
    return text.partition(":")


def rate_bytes(text: str) -> "dict[str, Any]":
    """`/dev/x:size` a second."""
    path, _, rate = _device_and(text)
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    try:
        return {"Path": path, "Rate": read_bytes(rate)}
    except ValueError:
        form = "<device-path>:<number>[<unit>], the unit being kb, mb or gb"
        raise ValueError(f"invalid rate for device: {text}. The correct format is {form}") from None


def rate_count(text: str) -> "dict[str, Any]":
    """`/dev/x:number` a second."""
    path, _, rate = _device_and(text)
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    if not rate.isdecimal():
        form = "<device-path>:<number>. Number must be a positive integer"
        raise ValueError(f"invalid rate for device: {text}. The correct format is {form}")
    return {"Path": path, "Rate": int(rate)}


def device_rule(text: str) -> str:
    """`c 1:3 rwm`: kind, major and minor (or *), permissions."""
    parts = text.split(" ")
    numbers = parts[1].split(":") if len(parts) == 3 else []
    valid = (
        len(numbers) == 2
        and parts[0] in ("a", "b", "c")
        and all(number == "*" or number.isdecimal() for number in numbers)
        and 0 < len(parts[2]) <= 3
        and all(letter in "rwm" for letter in parts[2])
    )
    if not valid:
        raise ValueError(f"invalid device cgroup format '{text}'")
    return text


def gpus(text: str) -> "dict[str, Any]":
    """`all`, a number, or key=value pairs, as a DeviceRequest."""
    request: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": None, "Capabilities": None, "Options": {}}
    seen: set[str] = set()
    capabilities: list[str] = []
    for field in split_fields(text):
        key, equals, value = field.partition("=")
        if not equals:
            key, value = "count", field
        if key in seen:
            raise ValueError(f"gpu request key '{key}' can be specified only once")
        seen.add(key)
        if key == "count":
            request["Count"] = _gpu_count(value)
        elif key == "device":
            request["DeviceIDs"] = value.split(",")
        elif key == "driver":
            request["Driver"] = value
        elif key == "capabilities":
            capabilities = value.split(",")
        elif key == "options":
            request["Options"] = dict(label(item) for item in split_fields(value))
        else:
            raise ValueError(f"unexpected key '{key}' in '{field}'")
    if "gpu" not in capabilities:
        capabilities.append("gpu")
    if "count" not in seen and request["DeviceIDs"] is None:
        request["Count"] = 1
    request["Capabilities"] = [capabilities]
    return request


def _gpu_count(text: str) -> int:
    if text == "all":
        return -1
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'invalid count ({text}): value must be either "all" or an integer: invalid syntax') from None


def mount(text: str) -> "dict[str, Any]":
    """A --mount value as the API's Mount."""
    from pier.cli.container.mounts import read_mount

    return read_mount(text)


def network(text: str) -> "dict[str, Any]":
    """A --network value: a name, or key=value pairs."""
    from pier.cli.container.network_options import read_network

    return read_network(text)


def detach_keys(text: str) -> bytes:
    """`ctrl-p,ctrl-q` as bytes."""
    from pier.cli.detach import parse_keys

    return parse_keys(text)
