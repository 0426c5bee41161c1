"""--network and the flags about the first network: NetworkMode and the endpoints of create."""

from pier.cli.csv_fields import split_fields
from pier.cli.errors import CliError
from pier.cli.flags import Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEYS = ("alias", "driver-opt", "ip", "ip6", "link-local-ip", "mac-address", "name", "gw-priority")
_PREDEFINED = ("none", "host", "default", "bridge")


def read_network(text: str) -> "dict[str, Any]":
    """A --network value by key; `alias`, `driver-opt` and `link-local-ip` are lists. Raises ValueError."""
    if "=" not in text:
        return {"name": text}
    options: dict[str, Any] = {}
    for field in split_fields(text):
        key, equals, value = field.partition("=")
        key = key.strip().lower()
        if not equals:
            raise ValueError(f"invalid field {field}")
        if key not in _KEYS:
            raise ValueError(f"invalid field key {key}")
        if key in ("alias", "link-local-ip", "driver-opt"):
            options.setdefault(key, []).append(value.strip())
        else:
            options[key] = value.strip()
    if not options.get("name"):
        raise ValueError("network name/id is not specified")
    if "mac-address" in options and not is_mac(options["mac-address"]):
        raise ValueError(f"{options['mac-address']} is not a valid mac address")
    if "gw-priority" in options:
        try:
            options["gw-priority"] = int(options["gw-priority"])
        except ValueError:
            raise ValueError(f"invalid gw-priority ({options['gw-priority']}): invalid syntax") from None
    return options


def is_mac(text: str) -> bool:
    """Whether the text is a MAC address of six bytes, parted by colons or dashes."""
    parts = text.replace("-", ":").split(":")
    return len(parts) == 6 and all(
        len(part) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in part) for part in parts
    )


def read_endpoints(values: Values) -> "tuple[str, dict[str, Any]]":
    """NetworkMode and EndpointsConfig. Raises CliError for options that contradict each other."""
    attachments = [read_network(text) for text in values.items("network")] or [{"name": "default"}]
    first = attachments[0]
    _add_flags(first, values)
    mac = values.text("mac-address")
    if mac and not is_mac(mac):
        raise CliError(f"{mac} is not a valid mac address")
    names = [attachment["name"] for attachment in attachments]
    if len(names) > 1 and not all(_is_user_defined(name) or name in ("default", "bridge") for name in names):
        raise CliError("conflicting options: cannot attach both user-defined and non-user-defined network-modes")
    endpoints: dict[str, Any] = {}
    for attachment in attachments:
        name = attachment["name"]
        if not _is_user_defined(name) and attachment.get("alias"):
            raise CliError("network-scoped aliases are only supported for user-defined networks")
        if name in endpoints:
            raise CliError(f'network "{name}" is specified multiple times')
        if name in ("none", "host") or name.startswith("container:"):
            continue
        if len(attachments) == 1 and name != "default" and attachment.keys() == {"name"}:
            continue  # NetworkMode says it all
        endpoints[name] = endpoint(attachment)
    return names[0], endpoints


def endpoint(attachment: "dict[str, Any]") -> "dict[str, Any]":
    """The API's EndpointSettings of one attachment, with every key that the engine fills in later left empty."""
    ipam = {
        key: attachment[option]
        for key, option in (("IPv4Address", "ip"), ("IPv6Address", "ip6"), ("LinkLocalIPs", "link-local-ip"))
        if attachment.get(option)
    }
    driver_options = dict(item.partition("=")[::2] for item in attachment.get("driver-opt", ()))
    return {
        "IPAMConfig": ipam or None,
        "Links": attachment.get("links") or None,
        "Aliases": attachment.get("alias") or None,
        "MacAddress": attachment.get("mac-address", ""),
        "DriverOpts": driver_options or None,
        "GwPriority": attachment.get("gw-priority", 0),
        "NetworkID": "",
        "EndpointID": "",
        "Gateway": "",
        "IPAddress": "",
        "IPPrefixLen": 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": None,
    }


def _add_flags(first: "dict[str, Any]", values: Values) -> None:
    """Put --network-alias, --ip … on the first network; each may be said in one place only."""
    for flag, key, repeated in (
        ("network-alias", "alias", True),
        ("ip", "ip", False),
        ("ip6", "ip6", False),
        ("link-local-ip", "link-local-ip", True),
        ("mac-address", "mac-address", False),
    ):
        if not values.given(flag):
            continue
        if key in first:
            what = {"alias": "alias", "ip": "IPv4 address", "ip6": "IPv6 address"}.get(key, key.replace("-", " "))
            raise CliError(f"conflicting options: cannot specify both --{flag} and per-network {what}")
        first[key] = values.items(flag) if repeated else values.text(flag)
    if values.items("link") and _is_user_defined(first["name"]):
        first["links"] = values.items("link")


def _is_user_defined(name: str) -> bool:
    return name not in _PREDEFINED and not name.startswith("container:")
