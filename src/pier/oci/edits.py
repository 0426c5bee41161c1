"""Puts what CDI devices change into a runtime spec (CDI specification, "Container edits")."""

from pier.domain.cdi import DeviceNode, Edits
from pier.oci.inputs import Device, Document


def devices_of(edits: Edits) -> tuple[Device, ...]:
    """The nodes to make, and to allow, inside."""
    return tuple(_device(node) for node in edits.nodes)


def _device(node: DeviceNode) -> Device:
    return Device(
        path=node.path,
        type=node.type,
        major=node.major,
        minor=node.minor,
        mode=node.mode,
        uid=node.uid,
        gid=node.gid,
        permissions=node.permissions,
    )


def apply_edits(spec: Document, edits: Edits) -> None:
    """Environment, groups, mounts and hooks; the nodes went in with the container's other devices."""
    process, mounts = spec["process"], spec["mounts"]
    assert isinstance(process, dict)
    assert isinstance(mounts, list)
    names = {entry.partition("=")[0] for entry in edits.env}
    process["env"] = [entry for entry in process["env"] if entry.partition("=")[0] not in names] + list(edits.env)
    if edits.additional_gids:
        user = process["user"]
        user["additionalGids"] = list(dict.fromkeys((*user.get("additionalGids", ()), *edits.additional_gids)))
    for mount in edits.mounts:
        mounts.append(
            {
                "destination": mount.container_path,
                "type": mount.type or "bind",
                "source": mount.host_path,
                "options": _bind(mount.options, mount.type),
            }
        )
    if edits.hooks:
        spec["hooks"] = _hooks(edits)


def _bind(options: tuple[str, ...], kind: str) -> list[str]:
    """A file or folder of the host goes in by a bind mount; a file may say so or leave it to be understood."""
    if kind in ("", "bind") and not {"bind", "rbind"} & set(options):
        return [*options, "rbind"]
    return list(options)


def _hooks(edits: Edits) -> Document:
    found: dict[str, list[Document]] = {}
    for hook in edits.hooks:
        document: Document = {"path": hook.path, "args": list(hook.args), "env": list(hook.env)}
        if hook.timeout is not None:
            document["timeout"] = hook.timeout
        found.setdefault(hook.name, []).append({key: value for key, value in document.items() if value != []})
    return dict(found)
