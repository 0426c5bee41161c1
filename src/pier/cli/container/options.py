"""The flags of `run` and `create`, declared once; what each becomes in the API is in `request` and its themes."""

from pier.cli.container import checks
from pier.cli.flags import BYTES, DECIMAL, DURATION, INT, LIST, STRING, UINT16, Flag
from pier.cli.image.content_trust import CONTENT_TRUST
from pier.cli.quantities import read_swap

_NETWORKING = (
    Flag("add-host", "", LIST, "Add a line to the hosts file (name:address)", check=checks.extra_host),
    Flag("dns", "", LIST, "Ask this DNS server", check=checks.dns_server),
    Flag("dns-option", "", LIST, "Set an option of the resolver", aliases=("dns-opt",)),
    Flag("dns-search", "", LIST, "Search names in this domain", check=checks.dns_search),
    Flag("domainname", "", STRING, "Domain name of the container"),
    Flag("expose", "", LIST, "Expose a port or a range of ports"),
    Flag("hostname", "h", STRING, "Host name of the container"),
    Flag("ip", "", STRING, "IPv4 address in the network"),
    Flag("ip6", "", STRING, "IPv6 address in the network"),
    Flag(
        "link",
        "",
        LIST,
        "Reach another container by an alias (container:alias)",
        check=checks.link,
        completer="containers",
    ),
    Flag("link-local-ip", "", LIST, "Link-local addresses of the container"),
    Flag("mac-address", "", STRING, "MAC address of the container"),
    Flag(
        "network",
        "",
        LIST,
        "Connect to this network",
        metavar="network",
        aliases=("net",),
        check=checks.network,
        completer="networks",
    ),
    Flag("network-alias", "", LIST, "Further name in the network", aliases=("net-alias",)),
    Flag("publish", "p", LIST, "Publish a port on the host ([address:][host port:]port[/protocol])"),
    Flag("publish-all", "P", help="Publish all exposed ports on free host ports"),
)
_RESOURCES = (
    Flag("blkio-weight", "", UINT16, "Relative weight of block I/O (10 to 1000, 0 for none)"),
    Flag("blkio-weight-device", "", LIST, "Relative weight for a device (path:weight)", check=checks.weight_device),
    Flag("cpu-count", "", INT, "Number of CPUs (Windows only)"),
    Flag("cpu-percent", "", INT, "Percent of CPUs (Windows only)"),
    Flag("cpu-period", "", INT, "Period of the CFS quota in microseconds"),
    Flag("cpu-quota", "", INT, "CFS quota in microseconds a period"),
    Flag("cpu-rt-period", "", INT, "Period of the real-time quota in microseconds"),
    Flag("cpu-rt-runtime", "", INT, "Real-time quota in microseconds a period"),
    Flag("cpu-shares", "c", INT, "Relative weight of CPU time"),
    Flag("cpus", "", DECIMAL, "Number of CPUs, may be a fraction"),
    Flag("cpuset-cpus", "", STRING, "CPUs that may be used (0-3, 0,1)"),
    Flag("cpuset-mems", "", STRING, "Memory nodes that may be used (0-3, 0,1)"),
    Flag("device-read-bps", "", LIST, "Limit reading from a device (path:bytes a second)", check=checks.rate_bytes),
    Flag("device-read-iops", "", LIST, "Limit reads of a device (path:reads a second)", check=checks.rate_count),
    Flag("device-write-bps", "", LIST, "Limit writing to a device (path:bytes a second)", check=checks.rate_bytes),
    Flag("device-write-iops", "", LIST, "Limit writes to a device (path:writes a second)", check=checks.rate_count),
    Flag("io-maxbandwidth", "", BYTES, "Limit of the system drive (Windows only)"),
    Flag("io-maxiops", "", INT, "Limit of the system drive (Windows only)"),
    Flag("kernel-memory", "", BYTES, "Accepted for old scripts; the kernel has no such limit any more"),
    Flag("memory", "m", BYTES, "Limit of memory"),
    Flag("memory-reservation", "", BYTES, "Soft limit of memory"),
    Flag("memory-swap", "", STRING, "Limit of memory and swap together; -1 for no limit", check=read_swap),
    Flag("memory-swappiness", "", INT, "How readily memory is swapped (0 to 100)", default=-1),
    Flag("oom-kill-disable", help="Do not let the kernel kill when memory is out"),
    Flag("oom-score-adj", "", INT, "Preference of the OOM killer (-1000 to 1000)"),
    Flag("pids-limit", "", INT, "Limit of processes; -1 for no limit"),
    Flag("shm-size", "", BYTES, "Size of /dev/shm"),
    Flag("ulimit", "", LIST, "Limit of a process (name=soft[:hard])", metavar="ulimit", check=checks.ulimit),
)
_PROCESS = (
    Flag("attach", "a", LIST, "Join only this stream: stdin, stdout or stderr", check=checks.stream),
    Flag("entrypoint", "", STRING, "Program to run instead of the image's entry point"),
    Flag("env", "e", LIST, "Set a variable (NAME=value, or NAME to pass the client's own)", check=checks.variable),
    Flag("env-file", "", LIST, "Read variables from a file"),
    Flag("group-add", "", LIST, "Join a further group"),
    Flag("init", help="Run a small init that forwards signals and reaps processes"),
    Flag("interactive", "i", help="Keep stdin open"),
    Flag("stop-signal", "", STRING, "Signal that stops the container"),
    Flag("stop-timeout", "", INT, "Seconds between that signal and SIGKILL"),
    Flag("tty", "t", help="Give the container a terminal"),
    Flag("user", "u", STRING, "User, and group, to run as (name or number[:group])"),
    Flag("workdir", "w", STRING, "Working directory in the container"),
)
_HEALTH = (
    Flag("health-cmd", "", STRING, "Command that tells whether the container is healthy"),
    Flag("health-interval", "", DURATION, "Time between two checks"),
    Flag("health-retries", "", INT, "Failures in a row that make the container unhealthy"),
    Flag("health-start-interval", "", DURATION, "Time between two checks while the container starts"),
    Flag("health-start-period", "", DURATION, "Time in which failures do not count"),
    Flag("health-timeout", "", DURATION, "Time a check may take"),
    Flag("no-healthcheck", help="Switch the image's health check off"),
)
_SECURITY = (
    Flag("cap-add", "", LIST, "Add a capability"),
    Flag("cap-drop", "", LIST, "Drop a capability"),
    Flag("cgroup-parent", "", STRING, "Cgroup to put the container's in"),
    Flag("cgroupns", "", STRING, "Cgroup namespace: host or private"),
    Flag("device", "", LIST, "Add a device of the host (path[:path in the container[:rwm]], or a CDI name)"),
    Flag("device-cgroup-rule", "", LIST, "Allow devices by a cgroup rule", check=checks.device_rule),
    Flag("gpus", "", LIST, "Add GPUs (all, a number, or key=value pairs)", metavar="gpu-request", check=checks.gpus),
    Flag("ipc", "", STRING, "IPC mode: private, shareable, host, none, container:NAME"),
    Flag("isolation", "", STRING, "Isolation technology"),
    Flag("pid", "", STRING, "PID namespace: host, container:NAME"),
    Flag("privileged", help="Give all privileges of the host"),
    Flag("security-opt", "", LIST, "Security option"),
    Flag("sysctl", "", LIST, "Set a kernel parameter of the container", metavar="map", check=checks.sysctl),
    Flag("userns", "", STRING, "User namespace: host"),
    Flag("uts", "", STRING, "UTS namespace: host"),
)
_FILES = (
    Flag("mount", "", LIST, "Mount something (key=value pairs)", metavar="mount", check=checks.mount),
    Flag("read-only", help="Make the root file system read-only"),
    Flag("storage-opt", "", LIST, "Option of the storage driver"),
    Flag("tmpfs", "", LIST, "Mount a tmpfs (path[:options])"),
    Flag("use-api-socket", help="Let the container reach the engine (its socket is mounted)"),
    Flag("volume", "v", LIST, "Mount a volume or a folder of the host (source:path[:options])", completer="volumes"),
    Flag("volume-driver", "", STRING, "Driver of volumes that are made"),
    Flag("volumes-from", "", LIST, "Mount all that another container mounts", completer="containers"),
)
_LIFE = (
    Flag("annotation", "", LIST, "Add an annotation for the OCI runtime", metavar="map", check=checks.label),
    Flag("cidfile", "", STRING, "Write the container's id to this file"),
    CONTENT_TRUST,
    Flag("label", "l", LIST, "Set a label", check=checks.label),
    Flag("label-file", "", LIST, "Read labels from a file"),
    Flag("log-driver", "", STRING, "Where the output goes"),
    Flag("log-opt", "", LIST, "Option of the log driver"),
    Flag("name", "", STRING, "Name of the container"),
    Flag("platform", "", STRING, "Platform of the image (os/arch[/variant])"),
    Flag("pull", "", STRING, "Pull the image first: always, missing or never", default="missing"),
    Flag("quiet", "q", help="Show no progress of a pull"),
    Flag("restart", "", STRING, "What to do when the container exits", default="no"),
    Flag("rm", help="Remove the container when it has exited"),
    Flag("runtime", "", STRING, "OCI runtime to use"),
)
CREATE_FLAGS = (*_NETWORKING, *_RESOURCES, *_PROCESS, *_HEALTH, *_SECURITY, *_FILES, *_LIFE)
DETACH_KEYS = Flag("detach-keys", "", STRING, "Keys that leave the container running", check=checks.detach_keys)
SIG_PROXY = Flag("sig-proxy", help="Pass the client's signals on to the container", default=True)
RUN_FLAGS = (
    *CREATE_FLAGS,
    Flag("detach", "d", help="Run in the background and print the id"),
    DETACH_KEYS,
    SIG_PROXY,
)
WINDOWS_ONLY = ("cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops")
