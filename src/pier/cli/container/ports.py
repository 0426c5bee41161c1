"""-p and --expose: Docker's ways of writing ports, as ExposedPorts and PortBindings."""

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROTOCOLS = ("tcp", "udp", "sctp")


def read_ports(published: "list[str]", exposed: "list[str]") -> "tuple[dict[str, Any], dict[str, Any]]":
    """ExposedPorts and PortBindings of all -p and --expose values. Raises CliError."""
    exposed_ports: dict[str, Any] = {}
    bindings: dict[str, Any] = {}
    for item in published:
        spec = _long_form(item) if "=" in item else item
        for port, binding in publish(spec):
            exposed_ports[port] = {}
            bindings.setdefault(port, []).append(binding)
    for item in exposed:
        for port in _expose(item):
            exposed_ports.setdefault(port, {})
    return exposed_ports, bindings


def publish(spec: str) -> "list[tuple[str, dict[str, str]]]":
    """`[address:][host port:]port[/protocol]`, ports being numbers or ranges, as (port/protocol, binding) pairs."""
    rest, _, protocol = spec.partition("/")
    protocol = (protocol or "tcp").lower()
    address, host, container = _split(rest, spec)
    if protocol not in PROTOCOLS:
        raise CliError(f"invalid proto: {protocol}")
    if not container:
        raise CliError(f"No port specified: {spec}<empty>")
    first, last = _range(container, "invalid containerPort")
    if not host:
        return [(f"{port}/{protocol}", _binding(address, "")) for port in range(first, last + 1)]
    host_first, host_last = _range(host, "invalid hostPort")
    if last - first != host_last - host_first:
        if first != last:
            raise CliError(f"invalid ranges specified for container and host Ports: {container} and {host}")
        return [(f"{first}/{protocol}", _binding(address, f"{host_first}-{host_last}"))]
    return [
        (f"{port}/{protocol}", _binding(address, str(host_first + offset)))
        for offset, port in enumerate(range(first, last + 1))
    ]


def _binding(address: str, port: str) -> dict[str, str]:
    return {"HostIp": address, "HostPort": port}


def _split(text: str, spec: str) -> tuple[str, str, str]:
    address = ""
    if text.startswith("["):
        address, _, text = text[1:].partition("]")
        text = text.removeprefix(":")
    parts = text.rsplit(":", 2)
    if len(parts) == 3:
        if address:
            raise CliError(f"invalid publish opts format (should be name=value but got '{spec}')")
        address, host, container = parts
    else:
        host, container = parts if len(parts) == 2 else ("", parts[0])
    from pier.cli.container.checks import is_ip

    if address and not is_ip(address):
        raise CliError(f"invalid IP address: {address}")
    return address, host, container


def _range(text: str, failure: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    numbers = [first, last] if dash else [first, first]
    if not all(number.isdecimal() and int(number) <= 65535 for number in numbers):
        raise CliError(f"{failure}: {text}")
    low, high = int(numbers[0]), int(numbers[1])
    if low > high:
        raise CliError(f"{failure}: {text}")
    return low, high


def _long_form(text: str) -> str:
    """`published=80,target=81,protocol=udp,mode=host` in the short form."""
    from pier.cli.csv_fields import split_fields

    values = {"target": "", "published": "", "protocol": "tcp", "mode": ""}
    for field in split_fields(text):
        key, equals, value = field.partition("=")
        if not equals or key not in values:
            raise CliError(f"invalid field key {key}" if equals else f"invalid field {field}")
        values[key] = value.lower()
    if not values["target"]:
        raise CliError("missing mandatory field 'target'")
    head = f"{values['published']}:" if values["published"] else ""
    return f"{head}{values['target']}/{values['protocol']}"


def _expose(text: str) -> "list[str]":
    numbers, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    if ":" in text:
        raise CliError(f"invalid port format for --expose: {text}")
    first, dash, last = numbers.partition("-")
    for number in (first, last) if dash else (first,):
        if not number.isdecimal():
            raise CliError(
                f'invalid range format for --expose: {numbers}, error: strconv.ParseUint: parsing "{number}": '
                "invalid syntax"
            )
    return [f"{port}/{protocol}" for port in range(int(first), int(last if dash else first) + 1)]
