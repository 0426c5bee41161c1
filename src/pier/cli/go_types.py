"""What the Go types behind docker's templates add to the keys of the API's JSON."""

from typing import Any

from pier.cli.render.template.typed import NIL, GoTypes, NilList, NilMap

_MAPS = frozenset(
    (
        *("Annotations", "Attributes", "AuxiliaryAddresses", "Containers", "Data", "DriverOpts"),
        *("ExposedPorts", "Labels", "Networks", "Options", "PortBindings", "Ports", "Runtimes", "Services", "Status"),
        *("StorageOpt", "Sysctls", "Tmpfs", "Volumes"),
    )
)
_LISTS = frozenset(
    (
        *("Aliases", "Binds", "BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps", "Links"),
        *("BlkioDeviceWriteIOps", "BlkioWeightDevice", "CapAdd", "CapDrop", "Cmd", "DNSNames", "DeviceCgroupRules"),
        *("DeviceRequests", "Devices", "Dns", "DnsOptions", "DnsSearch", "Entrypoint", "Env", "ExecIDs"),
        *("ExtraHosts", "GroupAdd", "Layers", "LinkLocalIPs", "Manifests", "MaskedPaths", "Mounts", "OnBuild"),
        *("Peers", "ReadonlyPaths", "RepoDigests", "RepoTags", "SecurityOpt", "Shell", "Test", "Ulimits"),
        *("VolumesFrom",),
    )
)

# Keys that the engine may leave out, with the zero value of their type.
_OPTIONAL: dict[str, Any] = {
    **dict.fromkeys(("CreatedAt", "Consistency", "Domainname", "Driver", "Isolation", "MacAddress", "Name"), ""),
    **dict.fromkeys(("Runtime", "Source", "StopSignal"), ""),
    **dict.fromkeys(("BindOptions", "ClusterVolume", "Descriptor", "GraphDriver", "Health", "Healthcheck"), NIL),
    **dict.fromkeys(("ImageManifestDescriptor", "ImageOptions", "Init", "StopTimeout", "SizeRootFs", "SizeRw"), NIL),
    **dict.fromkeys(("Platform", "TmpfsOptions", "UsageData", "VolumeOptions"), NIL),
    **dict.fromkeys(("Interval", "Retries", "StartInterval", "StartPeriod", "Timeout"), 0),
    **dict.fromkeys(("ArgsEscaped", "AttachStderr", "AttachStdin", "AttachStdout", "NetworkDisabled"), False),
    **dict.fromkeys(("OpenStdin", "ReadOnly", "StdinOnce", "Tty"), False),
    **{name: NilMap() for name in ("Annotations", "ExposedPorts", "Options", "Services", "Status")},
    **{name: NilMap() for name in ("StorageOpt", "Sysctls", "Tmpfs", "Volumes")},
    **{name: NilList() for name in ("DeviceRequests", "Manifests", "Mounts", "OnBuild", "Peers", "RepoDigests")},
    "Shell": NilList(),
}

# Go's names of fields whose JSON keys are spelt otherwise.
_GO_NAMES = {
    "APIVersion": "ApiVersion",
    "CPUCount": "CpuCount",
    "CPUPercent": "CpuPercent",
    "CPUPeriod": "CpuPeriod",
    "CPUQuota": "CpuQuota",
    "CPURealtimePeriod": "CpuRealtimePeriod",
    "CPURealtimeRuntime": "CpuRealtimeRuntime",
    "CPUShares": "CpuShares",
    "DNS": "Dns",
    "DNSOptions": "DnsOptions",
    "DNSSearch": "DnsSearch",
    "ID": "Id",
    "NanoCPUs": "NanoCpus",
}

# The types of inspect's answers, of events and of versions, as far as templates can tell.
API_TYPES = GoTypes(_MAPS, _LISTS, _OPTIONAL, _GO_NAMES)
