"""--mount, -v and --tmpfs: what becomes a Mount, a bind or an anonymous volume."""

import os

from pier.cli.csv_fields import split_fields
from pier.cli.errors import CliError
from pier.cli.quantities import read_bool, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SWITCHES = ("readonly", "ro", "volume-nocopy", "bind-nonrecursive")


class _Mount:
    """A Mount being read: options of each kind are kept apart and joined in the API's order."""

    def __init__(self) -> None:
        self.plain: dict[str, Any] = {}
        self.bind: dict[str, Any] = {}
        self.volume: dict[str, Any] = {}
        self.image: dict[str, Any] = {}
        self.tmpfs: dict[str, Any] = {}
        self.driver: dict[str, Any] = {}

    def value(self) -> "dict[str, Any]":
        """The Mount of the API."""
        if self.driver or self.volume:
            self.volume["DriverConfig"] = self.driver
        mount = {
            key: self.plain[key]
            for key in ("Type", "Source", "Target", "ReadOnly", "Consistency")
            if self.plain.get(key)
        }
        for key in ("BindOptions", "VolumeOptions", "ImageOptions", "TmpfsOptions"):
            options = {"Bind": self.bind, "Volume": self.volume, "Image": self.image, "Tmpfs": self.tmpfs}[key[:-7]]
            if options:
                mount[key] = options
        return mount


def read_mount(text: str) -> "dict[str, Any]":
    """The API's Mount of `type=bind,src=/a,dst=/b,…`. Raises ValueError."""
    mount = _Mount()
    mount.plain["Type"] = "volume"
    for field in split_fields(text):
        key, equals, value = field.partition("=")
        key = key.lower()
        if not equals:
            if key not in _SWITCHES:
                raise ValueError(f"invalid field '{field}' must be a key=value pair")
            value = "true"
        _set(mount, key, value, field)
    _check(mount)
    return mount.value()


def _set(mount: _Mount, key: str, value: str, field: str) -> None:
    if key == "type":
        mount.plain["Type"] = value.lower()
    elif key in ("source", "src"):
        mount.plain["Source"] = os.path.abspath(value) if value.startswith(("./", "../")) or value == "." else value
    elif key in ("target", "dst", "destination"):
        mount.plain["Target"] = value
    elif key in ("readonly", "ro"):
        mount.plain["ReadOnly"] = _switch(key, value)
    elif key == "consistency":
        mount.plain["Consistency"] = value.lower()
    elif key.startswith("bind-"):
        _set_bind(mount, key, value, field)
    elif key.startswith("volume-"):
        _set_volume(mount, key, value, field)
    elif key == "image-subpath":
        mount.image["Subpath"] = value
    elif key == "tmpfs-size":
        try:
            mount.tmpfs["SizeBytes"] = read_bytes(value)
        except ValueError:
            raise ValueError(f"invalid value for {key}: {value}") from None
    elif key == "tmpfs-mode":
        try:
            mount.tmpfs["Mode"] = int(value, 8)
        except ValueError:
            raise ValueError(f"invalid value for {key}: {value}") from None
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _set_bind(mount: _Mount, key: str, value: str, field: str) -> None:
    if key == "bind-propagation":
        mount.bind["Propagation"] = value.lower()
    elif key == "bind-nonrecursive":
        mount.bind["NonRecursive"] = _switch(key, value)
    elif key == "bind-recursive":
        effect = {
            "enabled": None,
            "disabled": "NonRecursive",
            "writable": "ReadOnlyNonRecursive",
            "readonly": "ReadOnlyForceRecursive",
        }
        if value not in effect:
            raise ValueError(
                f'invalid value for {key}: {value} (must be "enabled", "disabled", "writable", or "readonly")'
            )
        if effect[value]:
            mount.bind[str(effect[value])] = True
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _set_volume(mount: _Mount, key: str, value: str, field: str) -> None:
    if key == "volume-nocopy":
        mount.volume["NoCopy"] = _switch(key, value)
    elif key == "volume-label":
        name, _, text = value.partition("=")
        mount.volume.setdefault("Labels", {})[name] = text
    elif key == "volume-subpath":
        mount.volume["Subpath"] = value
    elif key == "volume-driver":
        mount.driver["Name"] = value
    elif key == "volume-opt":
        name, _, text = value.partition("=")
        mount.driver.setdefault("Options", {})[name] = text
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _check(mount: _Mount) -> None:
    kind = mount.plain["Type"]
    if not mount.plain.get("Target"):
        raise ValueError("target is required")
    for other, options in (("volume", mount.volume or mount.driver), ("bind", mount.bind), ("tmpfs", mount.tmpfs)):
        if options and kind != other:
            raise ValueError(f"cannot mix '{other}-*' options with mount type '{kind}'")
    if mount.image and kind != "image":
        raise ValueError(f"cannot mix 'image-*' options with mount type '{kind}'")
    if mount.bind.get("ReadOnlyForceRecursive"):
        if not mount.plain.get("ReadOnly"):
            raise ValueError("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction")
        if mount.bind.get("Propagation") != "rprivate":
            raise ValueError(
                "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction"
            )


def _switch(key: str, value: str) -> bool:
    try:
        return read_bool(value)
    except ValueError:
        raise ValueError(f"invalid value for {key}: {value}") from None


def read_volumes(items: "list[str]") -> "tuple[list[str] | None, dict[str, Any]]":
    """-v values as binds and as anonymous volumes. Raises CliError."""
    binds: list[str] = []
    volumes: dict[str, Any] = {}
    for item in items:
        if not item:
            raise CliError("invalid empty volume spec")
        parts = item.split(":")
        if len(parts) == 1:
            volumes[item] = {}
            continue
        if _sections(parts) > 3:
            raise CliError(f"invalid spec: {item}: too many colons")
        if not all(parts):
            raise CliError(f"invalid spec: {item}: empty section between colons")
        if parts[0].startswith(".") and len(parts) <= 3:
            parts[0] = os.path.abspath(parts[0])
        binds.append(":".join(parts))
    return binds or None, volumes


def _sections(parts: "list[str]") -> int:
    """How many sections docker counts: a single letter and what follows it are one, a path of Windows."""
    count = position = 0
    while position < len(parts):
        position += 2 if len(parts[position]) == 1 and parts[position].isalpha() else 1
        count += 1
    return count


def read_tmpfs(items: "list[str]") -> "dict[str, str]":
    """--tmpfs values: path -> options."""
    return {path: options for path, _, options in (item.partition(":") for item in items)}
