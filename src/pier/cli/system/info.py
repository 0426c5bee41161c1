"""`pier system info`, `pier info`."""

from pier import __version__
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.render.units import binary_size
from pier.client.errors import ClientError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

# Plain facts in the order of the text; those that the engine leaves out or empty are left out here too.
_COUNTS = (("Running", "ContainersRunning"), ("Paused", "ContainersPaused"), ("Stopped", "ContainersStopped"))
_RUNTIME = (("Default Runtime", "DefaultRuntime"), ("Init Binary", "InitBinary"))
_COMMITS = (
    ("containerd version", "ContainerdCommit"),
    ("runc version", "RuncCommit"),
    ("init version", "InitCommit"),
)
_HOST = (
    ("Kernel Version", "KernelVersion"),
    ("Operating System", "OperatingSystem"),
    ("OSType", "OSType"),
    ("Architecture", "Architecture"),
    ("CPUs", "NCPU"),
    ("Total Memory", "MemTotal"),
    ("Name", "Name"),
    ("ID", "ID"),
    ("Root Dir", "DockerRootDir"),
    ("Debug Mode", "Debug"),
)
_PROXIES = (("HTTP Proxy", "HttpProxy"), ("HTTPS Proxy", "HttpsProxy"), ("No Proxy", "NoProxy"))


def info(session: "Session", values: Values, _: list[str]) -> int:
    """Print facts about the engine; without an engine those about the client, and exit code 1."""
    template = values.text("format")
    failure: ClientError | None = None
    facts: dict[str, Any] = {}
    try:
        facts = session.client.get("/info")
    except ClientError as error:
        failure = error
    client = {"Version": __version__, "Context": "default", "Debug": session.debug}
    if template:
        session.out(_templated({**facts, "ClientInfo": client}, template))
    else:
        session.out(client_text(client) + (engine_text(facts) if failure is None else "\nServer:\n"))
        for warning in facts.get("Warnings") or ():
            session.err(f"{warning}\n")
    if failure is not None:
        session.err(f"{failure}\n")
        return 1
    return 0


def _templated(facts: "dict[str, Any]", template: str) -> str:
    if template == "json":
        from pier.cli.render.json_text import go_json

        return go_json(facts) + "\n"
    from pier.cli.go_types import API_TYPES
    from pier.cli.render.listing import unescape
    from pier.cli.render.template import compile_template

    return compile_template(unescape(template)).render(facts, API_TYPES) + "\n"


def client_text(client: "dict[str, Any]") -> str:
    """The client's part."""
    debug = "true" if client["Debug"] else "false"
    return f"Client: Pier\n Version:    {client['Version']}\n Context:    {client['Context']}\n Debug Mode: {debug}\n"


def engine_text(facts: "dict[str, Any]") -> str:
    """The engine's part."""
    lines = ["", "Server:", f" Containers: {facts.get('Containers', 0)}"]
    lines += [f"  {name}: {facts.get(key, 0)}" for name, key in _COUNTS]
    lines += [f" Images: {facts.get('Images', 0)}", f" Server Version: {facts.get('ServerVersion', '')}"]
    lines.append(f" Storage Driver: {facts.get('Driver', '')}")
    lines += [f"  {name}: {value}" for name, value in facts.get("DriverStatus") or ()]
    for name, key in (
        ("Logging Driver", "LoggingDriver"),
        ("Cgroup Driver", "CgroupDriver"),
        ("Cgroup Version", "CgroupVersion"),
    ):
        lines += [f" {name}: {facts[key]}"] if facts.get(key) else []
    plugins = facts.get("Plugins") or {}
    lines.append(" Plugins:")
    lines += [
        f"  {kind}: {' '.join(sorted(plugins[kind]))}" for kind in ("Volume", "Network", "Log") if plugins.get(kind)
    ]
    lines += _listed("CDI spec directories", facts.get("CDISpecDirs"))
    lines.append(f" Swarm: {(facts.get('Swarm') or {}).get('LocalNodeState') or 'inactive'}")
    lines.append(f" Runtimes: {' '.join(sorted(facts.get('Runtimes') or ()))}")
    lines += _plain(facts, _RUNTIME)
    if (groups := facts.get("ShimGroups")) is not None:
        lines.append(f" Shim Groups: {len(groups)} of {sum(groups)} containers")
    lines += [f" {name}: {(facts.get(key) or {}).get('ID') or ''}" for name, key in _COMMITS if key in facts]
    lines += _security(facts.get("SecurityOptions") or [])
    lines += _plain(facts, _HOST)
    lines += _plain(facts, _PROXIES)
    lines += _listed("Labels", facts.get("Labels"))
    lines.append(f" Experimental: {'true' if facts.get('ExperimentalBuild') else 'false'}")
    registry = facts.get("RegistryConfig") or {}
    secure = [name for name, entry in (registry.get("IndexConfigs") or {}).items() if not entry.get("Secure", True)]
    lines += _listed("Insecure Registries", [*secure, *(registry.get("InsecureRegistryCIDRs") or ())])
    lines += _listed("Registry Mirrors", registry.get("Mirrors"))
    lines.append(f" Live Restore Enabled: {'true' if facts.get('LiveRestoreEnabled') else 'false'}")
    return "\n".join(lines) + "\n\n"


def _plain(facts: "dict[str, Any]", names: "tuple[tuple[str, str], ...]") -> list[str]:
    lines: list[str] = []
    for name, key in names:
        value = facts.get(key)
        if value is None or value == "":
            continue
        if key == "MemTotal":
            value = binary_size(value)
        lines.append(f" {name}: {('true' if value else 'false') if isinstance(value, bool) else value}")
    return lines


def _listed(name: str, values: "list[str] | None") -> list[str]:
    return [f" {name}:", *(f"  {value}" for value in values)] if values else []


def _security(options: "list[str]") -> list[str]:
    """`name=seccomp,profile=builtin` as a name and its settings below it."""
    lines: list[str] = [" Security Options:"] if options else []
    for option in options:
        for pair in option.split(","):
            key, _, value = pair.partition("=")
            lines.append(f"  {value}" if key == "name" else f"   {key.capitalize()}: {value}")
    return lines


INFO = Command(
    "system info",
    "[OPTIONS]",
    "Show facts about the engine and its host",
    (Flag("format", "f", STRING, "Show as json, or by a Go template"),),
    info,
    most=0,
)
