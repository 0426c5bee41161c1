"""Where Pier answers otherwise than dockerd 28.5, and why.

A test fails on a difference that is not here, and on one of these that no longer occurs.
"""

from golden.compare import Difference

_STORE = "containerd's snapshotter stores the layers, not dockerd's overlay2"
_SNAPSHOT = "an image's snapshots are not mounted anywhere, so there are no directories to show"
_ODD = "dockerd answers 500 for what is the client's mistake; Pier says 400"
_EARLY = "dockerd takes it and fails at start, or never uses it; Pier refuses it at create and says why"
_RETIRED = "dropped from the API since; no client of these versions depends on it"
_BUILT = "Pier is not compiled: it has neither a build time nor a commit of its own"
_HINT = "Pier says more: what exactly is wrong, or what to do"

DIFFERENCES: tuple[Difference, ...] = tuple(
    Difference(where, reason)
    for where, reason in (
        # shapes of containers and images
        ("*/Driver", _STORE),
        ("*/GraphDriver/Name", _STORE),
        ("*/GraphDriver/Data/ID", _STORE),
        ("image*/GraphDriver/Data", _SNAPSHOT),
        ("running/size/SizeRw", "containerd counts the directories of an empty layer, too"),
        ("disk_usage/container */SizeRw", "containerd counts the directories of an empty layer, too"),
        ("listed/size/*/SizeRw", "containerd counts the directories of an empty layer, too"),
        ("mounted/*/HostConfig/Mounts/*/com.docker.volume.anonymous", "dockerd writes its own label into the request"),
        ("networked/host/NetworkSettings/SandboxID", "the host's network is no sandbox of Pier's"),
        ("networked/host/NetworkSettings/SandboxKey", "the host's network is no sandbox of Pier's"),
        ("image_verbs/committed/DockerVersion", "the image was not made by Docker"),
        # networks and volumes
        ("network_shapes/bridge/IPAM/Config/0/Subnet", "the tests give their default bridge a range of its own"),
        ("network_shapes/bridge/Options/com.docker.network.bridge.name", "the tests' default bridge has its own name"),
        ("network_shapes/*/IPAM/Config/0/Subnet", "networks get subnets of as many addresses as a bridge has ports"),
        ("network_shapes/*/IPAM/Options", "an empty map of IPAM options is the same as none"),
        # the engine about itself
        ("engine_shapes/info */ContainerdCommit/Expected", "dockerd's containerd was built without a revision"),
        ("engine_shapes/info */KernelMemory*", _RETIRED),
        ("engine_shapes/info */RegistryConfig/AllowNondistributable*", _RETIRED),
        ("engine_shapes/info */Warnings", "the warnings are about this host"),
        ("engine_shapes/version */BuildTime", _BUILT),
        ("engine_shapes/version */GitCommit", _BUILT),
        ("headers/ping*/builder-version", "1 stands for the classic builder; BuildKit is not served"),
        # events
        ("event_sequences_of_ends/failed start", "dockerd tells of leaving a network that it never told of joining"),
        # texts
        ("nothing_there/checkpoints/body/message", _HINT),
        ("nothing_there/image save/body/message", "one wording for a missing image: the tag is filled in"),
        ("refused_creates/bad platform/body/message", _HINT),
        ("refused_objects/network overlap/body/message", _HINT),
        ("refused_objects/network subnet/body/message", _HINT),
        ("refused_objects/network of reserved name/body/message", "dockerd's text ends with a space"),
        ("refused_verbs/archive without path/body/message", "dockerd's text lacks a space"),
        # refusals
        ("refused_creates/bind mode/status", _ODD),
        ("refused_creates/bind of four/status", _ODD),
        ("refused_creates/bind over root/status", _ODD),
        ("refused_verbs/stop signal/status", _ODD),
        ("refused_creates/exposed port/*", _EARLY),
        ("refused_creates/health test/*", _EARLY),
        ("refused_creates/ulimit/*", _EARLY),
        ("refused_creates/blkio weight/*", "dockerd drops the weight before it looks at it where the kernel has none"),
        ("refused_creates/userns mode/*", "user namespaces are not remapped: 501 instead of silence"),
        ("refused_starts/sysctl/status", "dockerd takes the missing file in runc's text for the command's"),
        ("refused_starts/sysctl: state/ExitCode", "dockerd takes the missing file in runc's text for the command's"),
    )
)
