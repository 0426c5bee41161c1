"""API versions: which are served, and what differs between them.

A version is its minor number: 51 is `v1.51`. Every difference in output is a name here; routes and translators ask
`since(version, NAME)` and never compare numbers of their own.
"""

from enum import IntEnum

from pier.domain.errors import InvalidArgument

_DIGITS = 9
NEWEST = 51
OLDEST = 24
NEWEST_TEXT = f"1.{NEWEST}"
OLDEST_TEXT = f"1.{OLDEST}"


class Change(IntEnum):
    """The first version in which something holds."""

    AUTO_REMOVE = 25  # before, the client removed its container
    NETWORK_LIST_IS_BRIEF = 28  # without the containers on each network
    WAIT_ANSWERS_EARLY = 30  # headers at once, and a condition; before, one plain reply at the end
    NON_RECURSIVE = 40  # of binds
    PIDS_LIMIT_UPDATE = 40
    PRIVATE_IPC = 40  # the default; before, a container let others share its IPC namespace
    PRIVATE_CGROUPNS = 41  # the default on cgroup v2; before, it was the host's on v1 whatever the engine's default
    PLATFORM_OF_CREATE = 41
    STATS_ONE_SHOT = 41
    CREATE_MOUNTPOINT = 42  # of binds
    DF_TYPES = 42
    STREAMS_HAVE_TYPES = 42  # multiplexed-stream and raw-stream are told apart
    STOP_TAKES_SIGNAL = 42
    EXEC_CONSOLE_SIZE = 42
    HOST_CONSOLE_SIZE = 42
    MOUNT_OPTIONS_CHECKED = 42  # before, options of another type were overlooked
    VOLUME_PRUNE_KEEPS_NAMED = 42  # unless its filter says all=true
    ANNOTATIONS = 43
    NO_NONE_TAGS = 43  # an untagged image has empty lists, not `<none>:<none>`
    NO_VIRTUAL_SIZE = 44
    ENDPOINT_MAC = 44  # before, there was the container's alone
    RECURSIVE_READ_ONLY = 44  # before, a read-only bind left what is mounted below as it was
    SEVERAL_ENDPOINTS = 44  # at create
    START_INTERVAL = 44  # of health checks
    ALIASES_AS_ASKED = 45  # before, the short id was among the aliases
    NO_CONTAINER_CONFIG = 45  # image inspect
    VOLUME_SUBPATH = 45
    LIST_ANNOTATIONS = 46  # HostConfig.Annotations in the list of containers
    INFO_CONTAINERD = 46
    EVENTS_OF_MADE_IMAGES = 46  # `create` of an image that was committed or built
    LIST_MANIFESTS = 47  # images list
    INSPECT_MANIFESTS = 48  # of an image
    ENABLE_IPV4 = 48
    GATEWAY_PRIORITY = 48
    IMAGE_MOUNTS = 48
    WARNS_OF_VOLUME_DRIVER = 48  # create
    INFO_FIREWALL = 49
    NO_EXPECTED_COMMITS = 49  # info
    IMAGE_CONFIG_TRIMMED = 50  # image inspect's Config without the container-only keys
    INFO_DEVICES = 50
    NO_INFO_BRIDGE_NF = 50
    LIST_COUNTS_CONTAINERS = 51  # images list
    NO_LEGACY_EVENT_KEYS = 52


def since(version: int, change: Change) -> bool:
    return version >= change


class TooOld(InvalidArgument):
    """Sent as plain text: clients of that age do not read JSON errors."""


def negotiate(text: str) -> int:
    """The minor number of `1.43`. Raises InvalidArgument when it is too new, TooOld when it is too old."""
    parts = [int(part[:_DIGITS]) if part else 0 for part in text.split(".")]  # so long a one is too new in any case
    major, minor = parts[0], parts[1] if len(parts) > 1 else 0
    if (major, minor) > (1, NEWEST):
        raise InvalidArgument(f"client version {text} is too new. Maximum supported API version is {NEWEST_TEXT}")
    if (major, minor) < (1, OLDEST):
        raise TooOld(
            f"client version {text} is too old. Minimum supported API version is {OLDEST_TEXT}, "
            "please upgrade your client to a newer version"
        )
    return minor


def split_version(path: str) -> tuple[str, str]:
    """`/v1.43/info` as (`1.43`, `/info`); a path without a version comes back whole, with an empty version."""
    if not path.startswith("/v"):
        return "", path
    version, slash, rest = path[2:].partition("/")
    if not slash or not version or any(character not in "0123456789." for character in version):
        return "", path
    return version, "/" + rest
