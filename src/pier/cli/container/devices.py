"""--device and --security-opt: values that stand for something on the client's side."""

from pier.cli.errors import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_devices(items: "list[str]") -> "tuple[list[dict[str, str]], list[str]]":
    """--device values as DeviceMappings and as names of CDI devices. Raises CliError."""
    devices: list[dict[str, str]] = []
    cdi: list[str] = []
    for item in items:
        if _is_cdi(item):
            cdi.append(item)
        else:
            devices.append(_device(item))
    return devices, cdi


def cdi_request(names: "list[str]") -> "dict[str, Any]":
    """The DeviceRequest for CDI names."""
    return {"Driver": "cdi", "Count": 0, "DeviceIDs": names, "Capabilities": None, "Options": None}


def _is_cdi(text: str) -> bool:
    vendor, slash, rest = text.partition("/")
    device_class, equals, name = rest.partition("=")
    return bool(slash and equals and vendor and device_class and name and not text.startswith("/"))


def _device(text: str) -> dict[str, str]:
    parts = text.split(":")
    if len(parts) > 3 or not parts[0]:
        raise CliError(f"bad format for path: {text}")
    source, target, permissions = parts[0], "", "rwm"
    if len(parts) == 3:
        if not _is_mode(parts[2]):
            raise CliError(f"bad mode specified: {parts[2]}")
        target, permissions = parts[1], parts[2]
    elif len(parts) == 2:
        if _is_mode(parts[1]):
            permissions = parts[1]
        else:
            target = parts[1]
    return {"PathOnHost": source, "PathInContainer": target or source, "CgroupPermissions": permissions}


def _is_mode(text: str) -> bool:
    return 0 < len(text) == len(set(text)) and set(text) <= set("rwm")


def read_security(items: "list[str]") -> "tuple[list[str] | None, bool]":
    """SecurityOpt, and whether the masked and read-only paths are lifted. A seccomp profile's file is read here."""
    if not items:
        return None, False
    options: list[str] = []
    unconfined = False
    for item in items:
        key, equals, value = item.partition("=")
        if item == "systempaths=unconfined":
            unconfined = True
        elif not equals and ":" not in item and item != "no-new-privileges":
            raise CliError(f'Invalid --security-opt: "{item}"')
        elif key == "seccomp" and value not in ("unconfined", "builtin"):
            options.append(f"seccomp={_profile(value)}")
        else:
            options.append(item)
    return options, unconfined


def _profile(path: str) -> str:
    from pier.client.json_codec import decode, encode

    try:
        with open(path, "rb") as file:
            return encode(decode(file.read()))
    except FileNotFoundError:
        raise CliError(f"opening seccomp profile ({path}) failed: open {path}: no such file or directory") from None
    except OSError as error:
        raise CliError(f"opening seccomp profile ({path}) failed: {error.strerror}") from None
    except ValueError as error:
        raise CliError(f"compacting json for seccomp profile ({path}) failed: {error}") from None
