"""Reads the CDI files of this host: `/etc/cdi` and `/var/run/cdi`, JSON or YAML. Blocks: use in a thread."""

import json
import logging
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pier.domain.cdi import CdiMount, DeviceNode, Edits, Hook

_SUFFIXES = (".json", ".yaml", ".yml")
_HOOKS = frozenset({"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"})
_KINDS = {"b": "b", "c": "c", "u": "c"}

_log = logging.getLogger(__name__)


def read_cdi(directories: Sequence[str]) -> Mapping[str, Edits]:
    """Every device by its full name, `vendor.com/class=name`, with what it changes.

    A device in a later directory takes the place of one in an earlier. Two of one directory cancel each other out, as
    nobody could say which is meant. A file that cannot be understood is left out, and the log says why.
    """
    found: dict[str, Edits] = {}
    for directory in directories:
        here: dict[str, Edits] = {}
        twice: set[str] = set()
        for path in _files(Path(directory)):
            try:
                devices = _devices(_load(path))
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                _log.warning("the CDI file %s is left out: %s", path, error)
                continue
            twice |= here.keys() & devices.keys()
            here |= devices
        for name in sorted(twice):
            _log.warning("the CDI device %s stands twice in %s and is left out", name, directory)
        found |= {name: edits for name, edits in here.items() if name not in twice}
    return found


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    except OSError:
        return []


def _load(path: Path) -> dict[str, Any]:
    text = path.read_text()
    if path.suffix == ".json":
        document = json.loads(text)
    else:
        import yaml  # of those who have such files

        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error
    if not isinstance(document, dict):
        raise ValueError("it holds no object")
    return document


def _devices(document: Mapping[str, Any]) -> dict[str, Edits]:
    """The file's devices; what it changes for all of them is part of each."""
    kind = document["kind"]
    if kind.count("/") != 1:
        raise ValueError(f"the kind {kind!r} is not vendor/class")
    shared = _edits(document.get("containerEdits") or {})
    return {f"{kind}={item['name']}": shared + _edits(item["containerEdits"]) for item in document["devices"]}


def _edits(given: Mapping[str, Any]) -> Edits:
    return Edits(
        env=tuple(given.get("env") or ()),
        nodes=tuple(_node(item) for item in given.get("deviceNodes") or ()),
        mounts=tuple(_mount(item) for item in given.get("mounts") or ()),
        hooks=tuple(_hook(item) for item in given.get("hooks") or ()),
        additional_gids=tuple(given.get("additionalGids") or ()),
    )


def _node(given: Mapping[str, Any]) -> DeviceNode:
    path = given["path"]
    host_path = given.get("hostPath") or path
    kind, major, minor = _KINDS.get(given.get("type") or "", ""), given.get("major"), given.get("minor")
    mode, uid, gid = 0o666, 0, 0
    if not kind or major is None or minor is None or given.get("fileMode") is None:
        facts = os.stat(host_path)
        if not stat.S_ISCHR(facts.st_mode) and not stat.S_ISBLK(facts.st_mode):
            raise ValueError(f"{host_path} is no device")
        kind = "c" if stat.S_ISCHR(facts.st_mode) else "b"
        major, minor = os.major(facts.st_rdev), os.minor(facts.st_rdev)
        mode, uid, gid = stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid
    return DeviceNode(
        path=path,
        host_path=host_path,
        type=kind,
        major=major,
        minor=minor,
        mode=mode if given.get("fileMode") is None else int(given["fileMode"]),
        uid=uid if given.get("uid") is None else int(given["uid"]),
        gid=gid if given.get("gid") is None else int(given["gid"]),
        permissions=given.get("permissions") or "rwm",
    )


def _mount(given: Mapping[str, Any]) -> CdiMount:
    default = CdiMount(host_path="", container_path="").options
    return CdiMount(
        host_path=given["hostPath"],
        container_path=given["containerPath"],
        type=given.get("type") or "",
        options=tuple(given.get("options") or default),
    )


def _hook(given: Mapping[str, Any]) -> Hook:
    if given["hookName"] not in _HOOKS:
        raise ValueError(f"there is no hook {given['hookName']!r}")
    return Hook(
        name=given["hookName"],
        path=given["path"],
        args=tuple(given.get("args") or ()),
        env=tuple(given.get("env") or ()),
        timeout=given.get("timeout"),
    )
