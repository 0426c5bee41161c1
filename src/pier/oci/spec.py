"""build_spec: the one place where a container's runtime spec is put together, and in which order."""

from contextlib import suppress

from pier.domain.container import Container, HostConfig
from pier.domain.errors import PierError
from pier.domain.resources import Ulimit
from pier.domain.runtime import HostFacts
from pier.oci.devices import device_documents, device_rules
from pier.oci.edits import apply_edits
from pier.oci.inputs import HOST, Document, SpecInputs, SpecResult
from pier.oci.mounts import mount_documents, root_propagation
from pier.oci.namespaces import namespace_documents, sysctls
from pier.oci.process import init_process
from pier.oci.resources import block_device_paths, resource_document
from pier.oci.seccomp import default_profile
from pier.oci.seccomp_profile import load_profile
from pier.oci.security import UNCONFINED, masked_paths, parse_security_options, readonly_paths

OCI_VERSION = "1.0.2"  # the newest that every runtime in use accepts; crun 1.8 refuses later ones


def build_spec(inputs: SpecInputs) -> SpecResult:
    """The OCI runtime-spec document of a container, and a warning for each thing that had to be reduced.

    Raises InvalidArgument, Unsupported or PierError for what cannot be expressed or understood.
    """
    container, warnings = inputs.container, list[str]()
    process = init_process(inputs, warnings)
    spec: Document = {
        "ociVersion": OCI_VERSION,
        "process": process,
        "root": {"path": inputs.root_path, "readonly": container.host_config.readonly_rootfs},
        "mounts": mount_documents(inputs),
        "linux": _linux(inputs, process, warnings),
    }
    if inputs.namespaces.uts != HOST:
        spec["hostname"] = inputs.hostname
    annotations = {**container.host_config.annotations, **inputs.annotations}
    if annotations:
        spec["annotations"] = annotations
    apply_edits(spec, inputs.edits)
    return SpecResult(spec, tuple(dict.fromkeys(warnings)))


def reductions(container: Container, facts: HostFacts, default_ulimits: tuple[Ulimit, ...] = ()) -> tuple[str, ...]:
    """What this host cannot give a container as it asks, one sentence each, before anything of it is made.

    Where its options cannot be understood that is for build_spec to say, at the start.
    """
    resources, warnings = container.host_config.resources, list[str]()
    with suppress(PierError):
        init_process(SpecInputs(container=container, facts=facts, default_ulimits=default_ulimits), warnings)
        resource_document(resources, facts, warnings, dict.fromkeys(block_device_paths(resources), (0, 0)))
    return tuple(dict.fromkeys(warnings))


def _linux(inputs: SpecInputs, process: Document, warnings: list[str]) -> Document:
    container = inputs.container
    host_config = container.host_config
    linux: Document = {
        "cgroupsPath": inputs.cgroups_path,
        "namespaces": namespace_documents(inputs.namespaces),
        "resources": {
            "devices": device_rules(
                inputs.devices, host_config.resources.device_cgroup_rules, privileged=host_config.privileged
            ),
            **resource_document(host_config.resources, inputs.facts, warnings, inputs.block_devices),
        },
        "devices": device_documents(inputs.devices),
        "sysctl": sysctls(container),
        "maskedPaths": list(masked_paths(host_config)),
        "readonlyPaths": list(readonly_paths(host_config)),
    }
    propagation = root_propagation(container.mount_points)
    if propagation:
        linux["rootfsPropagation"] = propagation
    seccomp = _seccomp(host_config, process, inputs, warnings)
    return linux | ({"seccomp": seccomp} if seccomp else {})


def _seccomp(host_config: HostConfig, process: Document, inputs: SpecInputs, warnings: list[str]) -> Document | None:
    """The default filter, the user's, or none: unconfined, privileged without a profile, or no support on the host."""
    chosen = parse_security_options(host_config.security_opt).seccomp
    if chosen == UNCONFINED or (host_config.privileged and not chosen):
        return None
    if not inputs.facts.has_seccomp:
        if chosen:
            warnings.append("the seccomp profile is not applied: this kernel has no seccomp")
        return None
    capabilities = _bounding(process)
    if chosen:
        return load_profile(chosen, capabilities, inputs.facts)
    profile = default_profile(capabilities, inputs.facts.architecture)
    if profile is None:
        warnings.append(f"no seccomp filter: there is no default profile for {inputs.facts.architecture}")
    return profile


def _bounding(process: Document) -> list[str]:
    sets = process["capabilities"]
    assert isinstance(sets, dict)
    return list(sets["bounding"])
