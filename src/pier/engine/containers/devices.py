"""The devices of a container that is about to start: those of the host by path, by CDI name, and GPUs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pier.domain.cdi import Edits
from pier.domain.container import Container
from pier.domain.errors import NotFound, PierError
from pier.domain.resources import DeviceMapping, DeviceRequest
from pier.engine.context import Context
from pier.oci.edits import devices_of
from pier.oci.inputs import Device, map_devices
from pier.oci.resources import block_device_paths

_CDI = "cdi"
# Whose devices a GPU may be; the vendors' own tools write CDI files of these kinds.
_GPU_KINDS = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu", "intel": "intel.com/gpu"}
_ALL = "all"  # the name that the vendors' files give to every device at once


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevices:
    """`block` gives the numbers of the disks that I/O limits name; `edits` is what CDI devices change."""

    devices: tuple[Device, ...] = ()
    block: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    edits: Edits = field(default_factory=Edits)


async def find_devices(context: Context, container: Container) -> FoundDevices:
    """Raises PierError for what is not there, in dockerd's words. A privileged container has all the host has."""
    host, resources = context.ports.host, container.host_config.resources
    found: list[Device] = []
    if container.host_config.privileged:
        found += map_devices(DeviceMapping(host_path="/dev", container_path="/dev"), await host.device_numbers("/dev"))
    for mapping in resources.devices:
        try:
            found += map_devices(mapping, await host.device_numbers(mapping.host_path))
        except NotFound as error:
            raise PierError(
                f'error gathering device information while adding custom device "{mapping.host_path}": '
                "no such file or directory"
            ) from error
    edits = await _requested(context, resources.device_requests)
    found += devices_of(edits)
    block = {}
    for path in sorted(block_device_paths(resources)):
        numbers = await host.device_numbers(path)
        block[path] = (numbers[0][2], numbers[0][3])
    return FoundDevices(devices=tuple({item.path: item for item in found}.values()), block=block, edits=edits)


async def _requested(context: Context, requests: tuple[DeviceRequest, ...]) -> Edits:
    edits = Edits()
    if not requests:
        return edits
    known = await context.ports.host.cdi_devices(context.config.cdi_spec_dirs)
    for request in requests:
        names = list(request.device_ids) if request.driver == _CDI else _gpu_names(request, known)
        missing = [name for name in names if name not in known]
        if missing:
            raise PierError(f"CDI device injection failed: unresolvable CDI devices {', '.join(missing)}")
        for name in names:
            edits += known[name]
    return edits


def _gpu_names(request: DeviceRequest, known: Mapping[str, Edits]) -> list[str]:
    """CDI names for `--gpus`: what is asked of the first vendor, or of the driver's, that has devices here."""
    kinds = [kind for driver, kind in _GPU_KINDS.items() if request.driver in ("", driver)]
    wants_gpu = any({"gpu", "nvidia", "amd", "intel"} & set(names) for names in request.capabilities)
    kind = next((kind for kind in kinds if any(name.startswith(f"{kind}=") for name in known)), "")
    if not wants_gpu or not kind:
        shown = " ".join(f"[{' '.join(names)}]" for names in request.capabilities)
        raise PierError(f'could not select device driver "{request.driver}" with capabilities: [{shown}]')
    if request.device_ids:
        return [f"{kind}={device}" for device in request.device_ids]
    if request.count < 0 and f"{kind}={_ALL}" in known:
        return [f"{kind}={_ALL}"]
    numbered = sorted((name for name in known if name.startswith(f"{kind}=") and _number(name) >= 0), key=_number)
    if request.count > len(numbered):
        raise PierError(f"{request.count} devices of {kind} are asked for, this host has {len(numbered)}")
    return numbered if request.count < 0 else numbered[: request.count]


def _number(name: str) -> int:
    """Devices stand in the files by number and again by their serial names: the former are counted."""
    last = name.partition("=")[2]
    return int(last) if last.isascii() and last.isdigit() else -1
