"""Reads one value of daemon.json, or the text of a flag, into what Config holds. ValueError says what is wrong."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence

from pier.config.settings import RuntimeSetting, UlimitSetting

Read = Callable[[object], object]
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgt]?)i?b?", re.IGNORECASE)


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


def at_least_one(value: object) -> int:
    number = integer(value)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be a list of strings")
    return tuple(value)


def pairs(value: object) -> dict[str, str]:
    """An object whose values are scalars, or texts `NAME=VALUE`."""
    if isinstance(value, dict):
        if any(isinstance(item, dict | list) for item in value.values()):
            raise ValueError("must be an object of strings")
        return {str(key): str(item) for key, item in value.items()}
    found = {}
    for item in strings(value):
        key, separator, rest = item.partition("=")
        if not separator:
            raise ValueError(f"{item!r}: use NAME=VALUE")
        found[key] = rest
    return found


def size(value: object) -> int:
    """Bytes: a number, or a text such as `64M`, whose units are powers of 1024."""
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))
    return integer(value)


def addresses(value: object) -> tuple[str, ...]:
    return tuple(address(item) for item in strings(value))


def address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(text(value)))
    except ValueError:
        raise ValueError(f"{value!r} is not an IP address") from None


def subnet(version: int) -> Read:
    """Reads a subnet of that IP version; bits beyond its prefix are dropped, as dockerd drops them."""

    def read(value: object) -> str:
        try:
            network = ipaddress.ip_network(text(value), strict=False)
        except ValueError:
            network = None
        if network is None or network.version != version or "/" not in str(value):
            raise ValueError(f"{value!r} is not an IPv{version} subnet")
        if network.prefixlen > network.max_prefixlen - 2:
            raise ValueError(f"{value!r} has no room for a gateway and a container")
        return str(network)

    return read


def mtu(value: object) -> int:
    """68 is the least that IPv4 knows (RFC 791). 0 stands for the default, as with dockerd."""
    number = integer(value)
    if number and not 68 <= number <= 65535:
        raise ValueError(f"{number} is not between 68 and 65535")
    return number or 1500


def ulimits(value: object) -> tuple[UlimitSetting, ...]:
    """`{"nofile": {"Name": "nofile", "Soft": 64, "Hard": 64}}`, or texts `nofile=64[:128]`."""
    if isinstance(value, dict):
        return tuple(_ulimit(name, entry) for name, entry in value.items())
    found = []
    for name, limits in pairs(value).items():
        soft, _, hard = limits.partition(":")
        found.append(_ulimit(name, {"Soft": _number(soft), "Hard": _number(hard or soft)}))
    return tuple(found)


def _ulimit(name: str, entry: object) -> UlimitSetting:
    if not isinstance(entry, dict):
        raise ValueError(f'{name}: use {{"Name": "{name}", "Soft": 64, "Hard": 64}}')
    soft, hard = integer(entry.get("Soft", 0)), integer(entry.get("Hard", 0))
    if hard != -1 and (soft > hard or soft == -1):
        raise ValueError(f"{name}: ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}")
    return UlimitSetting(name=name, soft=soft, hard=hard)


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a whole number") from None


def proxies(value: object) -> dict[str, str]:
    """`http-proxy`, `https-proxy`, `no-proxy`, by the variables that carry them."""
    known = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY", "no-proxy": "NO_PROXY"}
    given = pairs(value)
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not one of {', '.join(known)}")
    return {known[key]: item for key, item in given.items()}


def network_options(value: object) -> dict[str, dict[str, str]]:
    """`{"bridge": {"com.docker.network.driver.mtu": "1400"}}`."""
    if not isinstance(value, dict):
        raise ValueError("must be an object of objects")
    return {str(driver): pairs(options) for driver, options in value.items()}


def cgroup_driver(value: object) -> str:
    options = pairs(value)
    driver = options.get("native.cgroupdriver", "")
    if set(options) != {"native.cgroupdriver"} or driver not in ("cgroupfs", "systemd"):
        raise ValueError("known are native.cgroupdriver=cgroupfs and native.cgroupdriver=systemd only")
    return driver


def runtimes(value: object) -> dict[str, RuntimeSetting]:
    """`{"crun": {"path": "/usr/bin/crun"}}`, or texts `crun=/usr/bin/crun`."""
    if isinstance(value, dict):
        return {str(name): _runtime(name, entry) for name, entry in value.items()}
    return {name: _runtime(name, {"path": path}) for name, path in pairs(value).items()}


def _runtime(name: str, entry: object) -> RuntimeSetting:
    if not isinstance(entry, dict):
        raise ValueError(f"the runtime {name!r} needs a path, as /usr/bin/crun")
    unknown = sorted(set(entry) - {"path", "runtimeArgs", "runtimeType", "options"})
    if unknown:
        raise ValueError(f"the runtime {name!r}: the key {unknown[0]!r} is not known")
    path, kind = text(entry.get("path", "")), text(entry.get("runtimeType", ""))
    options = entry.get("options") or {}
    arguments = strings(entry.get("runtimeArgs") or [])
    if bool(path) == bool(kind):
        raise ValueError(f"the runtime {name!r} needs a path, as /usr/bin/crun, or a runtimeType, and not both")
    if kind and arguments:
        raise ValueError(f"the runtime {name!r}: runtimeArgs go with a path, not with a runtimeType")
    if not isinstance(options, dict) or (path and options):
        raise ValueError(f"the runtime {name!r}: options are an object, and go with a runtimeType")
    return RuntimeSetting(path=path, arguments=arguments, type=kind, options=options)


def pools(value: object) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list")
    return tuple(_pool(item) for item in value)


def _pool(value: object) -> tuple[str, int]:
    """`base=10.9.0.0/16,size=24`, or an object with these two keys."""
    try:
        entry: Mapping[str, object] = value if isinstance(value, dict) else pairs(str(value).split(","))
        base, length = ipaddress.ip_network(str(entry["base"])), int(str(entry["size"]))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{value!r}: use base=10.9.0.0/16,size=24 ({error})") from error
    if not base.prefixlen <= length <= base.max_prefixlen - 2:
        raise ValueError(f"{value!r}: size must lie between the base's prefix and 30")
    return str(base), length


def one_of(*words: str) -> "OneOf":
    return OneOf(words)


class OneOf:
    """Reads one of some words."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def __call__(self, value: object) -> str:
        if value not in self._words:
            raise ValueError(f"{value!r} is not one of {', '.join(word or repr(word) for word in self._words)}")
        return str(value)
